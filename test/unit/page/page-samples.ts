/** Contents of pages for tests: a gateway with a history, and the same without anything. */
import { ledgerReportOf } from '../../../src/ops/reports/ledger-report.ts';
import type { SubdeviceReport } from '../../../src/ops/reports/report.ts';
import { judge } from '../../../src/ops/verdict.ts';
import type { PageContent, PageSeries } from '../../../src/page/page-content.ts';
import { AWAY, BALANCED } from '../ops/api/control-rig.ts';

const HOUR_MS = 3_600_000;
export const NOW_MS = Date.UTC(2026, 6, 8, 12);

/** Hourly samples up to now. */
export function hourly(
  series: Omit<PageSeries, 'points' | 'peaks'>,
  hours: number,
  sampleOf: (hour: number) => number | null,
): PageSeries {
  const points = Array.from(
    { length: hours },
    (_, hour) => [NOW_MS - (hours - hour) * HOUR_MS, sampleOf(hour)] as const,
  );
  return { ...series, points, peaks: points.map(([, value]) => value) };
}

export function subdeviceSample(id: string): SubdeviceReport {
  return {
    id,
    link: 'meters',
    attached: true,
    lostInMs: null,
    lasting: true,
    configured: true,
    silentMs: 1200,
    profile: null,
    hubIdentity: null,
    onlineAtHub: null,
    binding: null,
    refused: [],
    identity: null,
    subscriptions: ['cmd'],
    uplinksPending: 3,
    downlinksPending: 0,
    uplinksAccepted: 2000,
    downlinksDelivered: 3,
  };
}

export const SAMPLE: PageContent = {
  madeAtMs: NOW_MS,
  gateway: 'shed-3',
  verdict: judge(AWAY),
  status: judge(AWAY),
  subdevices: [subdeviceSample('meter-1')],
  storedSubdevices: null,
  firmware: null,
  ledger: ledgerReportOf(BALANCED, 'running'),
  history: {
    step: 'hour',
    series: [
      hourly({ name: 'backlog', unit: 'messages', kind: 'level' }, 168, (hour) => (hour === 100 ? 1204 : 3)),
      hourly({ name: 'uplinks_in', unit: 'messages/min', kind: 'rate' }, 168, () => 60),
      hourly({ name: 'uplinks_out', unit: 'messages/min', kind: 'rate' }, 168, () => 60),
      hourly({ name: 'hub_connected', unit: 'share', kind: 'level' }, 168, (hour) => (hour === 100 ? 0.25 : 1)),
    ],
  },
  events: {
    events: [
      {
        when: '2026-07-08 11:00:00 UTC',
        kind: 'hub',
        sentence: 'Connection to the hub lost: connection reset.',
        durationMs: 185_000,
      },
    ],
    more: 0,
  },
  versions: { holdfast: '0.1.0', kernel: '6.12' },
  missing: [],
};

/** A page about a gateway of which nothing can be read. */
export const EMPTY_SAMPLE: PageContent = {
  madeAtMs: NOW_MS,
  gateway: null,
  verdict: { losing: 'unknown', sentence: 'Unknown. No gateway answers.' },
  status: null,
  subdevices: null,
  storedSubdevices: null,
  firmware: null,
  ledger: null,
  history: null,
  events: null,
  versions: {},
  missing: ['The store cannot be read: it is locked.'],
};
