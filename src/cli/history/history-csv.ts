/** History as comma-separated values: a line for each step, a column for each metric (RFC 4180). */
import type { HistoryReport } from '../../ops/reports/history-report.ts';

/** A missing value, and the time of a step while the clock was unknown, are empty. */
export function* historyCsv({ series }: HistoryReport): Iterable<string> {
  yield ['time', ...series.map(({ name, unit }) => `${name} (${unit})`)].join(',');
  for (const [index, [startMs]] of (series[0]?.points ?? []).entries()) {
    const time = startMs === null ? '' : new Date(startMs).toISOString();
    yield [time, ...series.map(({ points }) => points[index]?.[1] ?? '')].join(',');
  }
}
