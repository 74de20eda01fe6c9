/**
 * Series of steps as columns of a plot. A column shows the worst of its steps: the lowest share of connection, the
 * largest backlog or number of errors. Of the traffic it shows the mean, since no single step is worse than another.
 */
import type { HistoryMetric } from '../../history/history-metrics.ts';
import type { HistorySeriesReport } from '../../ops/reports/history-report.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Widths of a column that divide an hour or a day evenly, ms. */
const WIDTHS_MS = [1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720, 1440, 2880, 10_080, 20_160, 43_200].map(
  (minutes) => minutes * MINUTE_MS,
);

export interface PlotSpan {
  /** Start of the first column, Unix ms. */
  readonly startMs: number;
  readonly columnMs: number;
  readonly columns: number;
}

/** Columns that cover a range, aligned to the local time of the machine. */
export function spanOf(sinceMs: number, untilMs: number, columnsMax: number): PlotSpan {
  const offsetMs = -new Date(sinceMs).getTimezoneOffset() * MINUTE_MS;
  for (const columnMs of [...WIDTHS_MS, Math.ceil((untilMs - sinceMs) / columnsMax / DAY_MS + 1) * DAY_MS]) {
    const startMs = Math.floor((sinceMs + offsetMs) / columnMs) * columnMs - offsetMs;
    const columns = Math.ceil((untilMs - startMs) / columnMs);
    if (columns <= columnsMax) return { startMs, columnMs, columns: Math.max(1, columns) };
  }
  return { startMs: sinceMs, columnMs: Math.max(MINUTE_MS, untilMs - sinceMs), columns: 1 };
}

/** Step of a series with its place in time. */
export interface PlacedStep {
  readonly startMs: number;
  /** `null`: no sample. */
  readonly value: number | null;
  readonly peak: number | null;
  /** True if the time is an estimate, because the clock was unknown then. */
  readonly isEstimate: boolean;
}

/**
 * Gives each step a time. Steps without a time are placed directly before the next step that has one, or before now, one
 * after another: a lower bound of their age.
 */
export function placedSteps(series: HistorySeriesReport, stepMs: number, nowMs: number): PlacedStep[] {
  const steps: PlacedStep[] = [];
  let nextMs = nowMs;
  for (let index = series.points.length - 1; index >= 0; index -= 1) {
    const [startMs, value] = series.points[index] ?? [null, null];
    const at = startMs ?? nextMs - stepMs;
    steps.push({ startMs: at, value, peak: series.peaks[index] ?? null, isEstimate: startMs === null });
    nextMs = at;
  }
  return steps.reverse();
}

/** Rule by which steps become one column. */
export type ColumnRule = 'mean' | 'largest' | 'smallest';

const SMALLEST: ReadonlySet<HistoryMetric> = new Set(['hub_connected']);
const MEAN: ReadonlySet<HistoryMetric> = new Set([
  'uplinks_in',
  'uplinks_out',
  'downlinks_in',
  'downlinks_out',
  'device_bytes',
  'history_bytes',
  'hub_round_trip',
]);

export function ruleOf(name: HistoryMetric): ColumnRule {
  if (SMALLEST.has(name)) return 'smallest';
  return MEAN.has(name) ? 'mean' : 'largest';
}

/** Share of the steps of a column that must have a sample. A column with fewer is a gap. */
const SAMPLED_MIN = 0.5;

/** Values of the columns; `undefined`: a gap. @param stepMs duration of a step */
export function columnsOf(
  steps: readonly PlacedStep[],
  rule: ColumnRule,
  span: PlotSpan & { readonly stepMs: number; readonly untilMs: number },
): (number | undefined)[] {
  const columns: number[][] = Array.from({ length: span.columns }, () => []);
  const [first] = steps;
  for (const { startMs, value, peak } of steps) {
    const shown = rule === 'largest' ? (peak ?? value) : value;
    if (shown !== null) columns[Math.floor((startMs - span.startMs) / span.columnMs)]?.push(shown);
  }
  return columns.map((values, column) => {
    const fromMs = Math.max(span.startMs + column * span.columnMs, first?.startMs ?? 0);
    const toMs = Math.min(span.startMs + (column + 1) * span.columnMs, span.untilMs);
    if (values.length === 0 || values.length * span.stepMs < SAMPLED_MIN * (toMs - fromMs)) return undefined;
    if (rule === 'mean') return values.reduce((sum, value) => sum + value, 0) / values.length;
    return rule === 'largest' ? Math.max(...values) : Math.min(...values);
  });
}

/** Time without a sample, from the first step to the last, ms. */
export function missingMs(steps: readonly PlacedStep[], stepMs: number): number {
  return steps.filter(({ value }) => value === null).length * stepMs;
}
