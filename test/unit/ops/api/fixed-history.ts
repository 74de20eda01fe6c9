/** Fixed answers of the history. */
import type { EventsReport } from '../../../../src/ops/reports/events-report.ts';
import type { HistoryReport } from '../../../../src/ops/reports/history-report.ts';

const MINUTE = 1_793_000_040_000;
export const HISTORY: HistoryReport = {
  step: 'minute',
  nowMs: MINUTE + 120_000,
  series: [
    {
      ...{ name: 'backlog', unit: 'messages', kind: 'level', peaks: [12, null, 9] },
      points: [
        [MINUTE, 12],
        [MINUTE + 60_000, null],
        [null, 9],
      ],
    },
  ],
};
export const EVENTS: EventsReport = {
  more: 3,
  nowMs: MINUTE + 120_000,
  events: [
    {
      ...{
        atMs: MINUTE,
        quality: 'exact',
        kind: 'hub',
        name: 'hubConnected',
        subject: '',
        detail: '',
        count: 1,
        boot: 2,
      },
      ...{ sentence: 'hub connected, session present (away 4 h 12 min)', durationMs: 15_120_000 },
      ...{ lastAtMs: MINUTE, upMs: 60_000 },
    },
  ],
};
