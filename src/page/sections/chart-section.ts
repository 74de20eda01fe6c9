/** Charts of the history, in a fixed order. Series without a plan get a chart of their own. */
import { type ChartPlan, chart } from '../chart.ts';
import { countedBack } from '../chart-points.ts';
import { html, type Markup } from '../markup.ts';
import type { PageContent, PageSeries } from '../page-content.ts';

interface PlannedChart {
  readonly title: string;
  readonly lines: readonly (readonly [name: string, label: string])[];
  /** Drawn even if all values are 0. */
  readonly isAlways?: true;
}

const PLANS: readonly PlannedChart[] = [
  { title: 'Backlog', lines: [['backlog', 'waiting for the hub']], isAlways: true },
  {
    title: 'Uplinks',
    lines: [
      ['uplinks_in', 'accepted from subdevices'],
      ['uplinks_out', 'delivered to the hub'],
    ],
    isAlways: true,
  },
  {
    title: 'Downlinks',
    lines: [
      ['downlinks_in', 'accepted from the hub'],
      ['downlinks_out', 'delivered to subdevices'],
    ],
  },
  { title: 'Hub connected', lines: [['hub_connected', 'connected']], isAlways: true },
  { title: 'Round trip to the hub', lines: [['hub_round_trip', 'PUBLISH to PUBACK']] },
  {
    title: 'Line errors',
    lines: [
      ['link_errors', 'broken frames'],
      ['retries', 'repetitions'],
    ],
  },
  {
    title: 'Messages shed, discarded or dead',
    lines: [
      ['shed', 'shed by a policy'],
      ['discarded', 'discarded before custody'],
      ['dead', 'dead letters'],
    ],
  },
  { title: 'Inbox', lines: [['inbox', 'waiting for subdevices']] },
  { title: 'Backlog in bytes', lines: [['backlog_bytes', 'waiting for the hub']] },
  { title: 'Memory of the gateway', lines: [['rss', 'resident']] },
  {
    title: 'Written to the disk',
    lines: [
      ['device_bytes', 'by the gateway'],
      ['history_bytes', 'for this history'],
    ],
  },
  { title: 'Temperature', lines: [['temperature', 'hottest sensor']] },
  { title: 'Throttled or low voltage', lines: [['throttled', 'Raspberry Pi']] },
];

export function chartSection({ history, status, madeAtMs }: PageContent): Markup {
  if (history === null) return html`<p>The history cannot be read.</p>`;
  const series = countedBack(history.series, history.step, madeAtMs);
  const plans = plansFor(series);
  if (plans.length === 0) {
    const wait = status === null ? '' : ' The first values appear some minutes after the start.';
    return html`<p>The history of this time has no samples.${wait}</p>`;
  }
  const times = history.series.flatMap(({ points }) => points.map(([atMs]) => atMs));
  const note = !times.includes(null) ? TIMED : times.every((atMs) => atMs === null) ? COUNTED : PARTLY;
  return html`<p class="note">${note}</p>
    <div class="charts">${plans.map((plan) => chart(plan, history.step))}</div>`;
}

const TIMED = 'Times in UTC. A gap in a line is a time without samples, for example while the gateway did not run.';
const COUNTED =
  'The clock of the gateway is not set. Times are counted back from the clock of this page, in UTC; times without a running gateway are left out.';

const PARTLY =
  'Times in UTC. For some of the time the clock of the gateway was not set: those samples are placed without gaps before the next ones, so they may be older. Other gaps are times without samples.';

function plansFor(series: readonly PageSeries[]): ChartPlan[] {
  const byName = new Map(series.filter(hasSamples).map((one) => [one.name, one]));
  const planned = PLANS.flatMap(({ title, lines, isAlways }) => {
    const found = lines.flatMap(([name, label]) => {
      const one = byName.get(name);
      return one === undefined ? [] : [{ label, series: one }];
    });
    const isShown = isAlways || found.some((one) => isMoving(one.series));
    return found.length === 0 || !isShown ? [] : [planOf(title, found)];
  });
  const known = new Set(PLANS.flatMap(({ lines }) => lines.map(([name]) => name)));
  const others = [...byName.values()].filter((one) => !known.has(one.name) && isMoving(one));
  return [...planned, ...others.map((one) => planOf(capital(one.name), [{ label: 'value', series: one }]))];
}

function planOf(title: string, lines: ChartPlan['lines']): ChartPlan {
  return { id: `chart-${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`, title, lines };
}

function hasSamples({ points }: PageSeries): boolean {
  return points.some(([atMs, value]) => atMs !== null && value !== null);
}

function isMoving({ points }: PageSeries): boolean {
  return points.some(([, value]) => value !== null && value !== 0);
}

function capital(name: string): string {
  const words = name.replaceAll('_', ' ');
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}
