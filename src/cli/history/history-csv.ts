/** History as comma-separated values: a line for each step, a column for each metric (RFC 4180). */
import { STEP_MS } from '../../history/history-steps.ts';
import type { HistoryReport } from '../../ops/reports/history-report.ts';
import { placedSteps } from './plot-columns.ts';

/**
 * A missing value is empty, and so is the time of a step while the clock was unknown. The age of such a step is counted by
 * samples: a lower bound. @param nowMs for a gateway whose clock is not trusted
 */
export function* historyCsv({ series, step, nowMs: trustedMs }: HistoryReport, nowMs: number): Iterable<string> {
  yield ['time', 'age (s)', ...series.map(({ name, unit }) => `${name} (${unit})`)].join(',');
  const [first] = series;
  const atMs = trustedMs ?? nowMs;
  const placed = first === undefined ? [] : placedSteps(first, STEP_MS[step], atMs);
  for (const [index, [startMs]] of (first?.points ?? []).entries()) {
    const time = startMs === null ? '' : new Date(startMs).toISOString();
    const age = Math.max(0, Math.round((atMs - (placed[index]?.startMs ?? atMs)) / 1000));
    yield [time, age, ...series.map(({ points }) => points[index]?.[1] ?? '')].join(',');
  }
}
