/** Report of the history: `GET /v1/history`, and the same from the store of a gateway that does not run. */
import { HISTORY_METRICS, type HistoryMetric, isHistoryMetric, METRIC_NAMES } from '../../history/history-metrics.ts';
import type { HistoryStep, SteppedSeries, StepRange } from '../../history/history-steps.ts';

/**
 * `GET /v1/history?since=<unix ms>&until=<unix ms>&step=minute|hour&metrics=backlog,inbox`. Without `since` the last
 * 24 h; without `metrics` all. A longer range than 1,500 steps is cut at its beginning.
 */
export interface HistoryReport {
  readonly step: HistoryStep;
  /** Trusted wall time of the gateway now, Unix ms; `null`: unknown. */
  readonly nowMs: number | null;
  /** One for each metric. */
  readonly series: readonly HistorySeriesReport[];
}

export interface HistorySeriesReport {
  readonly name: HistoryMetric;
  /** Unit of a value in this step, e.g. `messages/min`. */
  readonly unit: string;
  /** `rate`: sum over the step. `level`: mean over the step. */
  readonly kind: 'rate' | 'level';
  /**
   * Start of each step in Unix ms (`null`: the clock was unknown then) and its value (`null`: no sample), the oldest
   * first. Steps without samples between two others are gaps.
   */
  readonly points: readonly (readonly [startMs: number | null, value: number | null])[];
  /** Largest sample of each step of `points`. */
  readonly peaks: readonly (number | null)[];
}

export interface HistoryQuery {
  readonly range: StepRange;
  readonly metrics: readonly HistoryMetric[];
}

const DAY_MS = 86_400_000;
/** Step of a series per unit of time, as in the unit of its rates. */
const PER: Readonly<Record<HistoryStep, string>> = { minute: 'min', hour: 'h' };

/** Decodes the query string; invalid values are ignored. @param nowMs `undefined`: the clock is not trusted */
export function historyQueryOf(query: URLSearchParams, nowMs: number | undefined): HistoryQuery {
  const step = query.get('step') === 'hour' ? 'hour' : 'minute';
  const untilMs = timeIn(query, 'until') ?? Number.MAX_SAFE_INTEGER;
  const sinceMs = timeIn(query, 'since') ?? Math.min(nowMs ?? DAY_MS, untilMs) - DAY_MS;
  const asked = (query.get('metrics') ?? '').split(',').filter(isHistoryMetric);
  return { range: { step, sinceMs, untilMs }, metrics: asked.length === 0 ? METRIC_NAMES : asked };
}

export function historyReportOf(series: SteppedSeries, query: HistoryQuery, nowMs: number | undefined): HistoryReport {
  const { step } = query.range;
  return {
    step,
    nowMs: nowMs === undefined ? null : Math.round(nowMs),
    series: query.metrics.map((name): HistorySeriesReport => {
      const { kind, unit } = HISTORY_METRICS[name];
      const place = METRIC_NAMES.indexOf(name);
      const valueAt = (columns: readonly Float64Array[], index: number): number | null =>
        finite(columns[place]?.[index]);
      return {
        name,
        unit: kind === 'rate' ? `${unit}/${PER[step]}` : unit,
        kind,
        points: Array.from(series.starts, (start, index) => [finite(start), valueAt(series.values, index)] as const),
        peaks: Array.from(series.starts, (_, index) => valueAt(series.peaks, index)),
      };
    }),
  };
}

function finite(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Math.round(value * 1000) / 1000;
}

/** Unix ms in a query; `undefined`: absent or invalid. */
export function timeIn(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
