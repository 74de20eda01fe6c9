/** Points of a chart: fewer points than samples, so that a page stays small. Pure. */
import type { PageSeries } from './page-content.ts';

export interface ChartPoint {
  readonly atMs: number;
  /** `null`: no sample, a gap in the line. */
  readonly value: number | null;
}

/** Series whose short peaks matter: each point shows the largest sample of its time. */
const PEAKS = new Set(['backlog', 'backlog_bytes', 'inbox', 'hub_round_trip', 'rss', 'temperature', 'throttled']);

/** Returns true if a point of this series shows the largest sample of its time; otherwise it shows the mean. */
export function showsPeaks(name: string): boolean {
  return PEAKS.has(name);
}

/**
 * Joins neighbouring samples until at most `pointsMax` points are left. Samples without a time are left out, because
 * they have no place on the time axis.
 */
export function chartPoints({ name, points, peaks }: PageSeries, pointsMax: number): ChartPoint[] {
  const samples = showsPeaks(name) ? peaks : points.map(([, value]) => value);
  const timed = points.flatMap(([atMs], index) => (atMs === null ? [] : [{ atMs, value: samples[index] ?? null }]));
  const size = Math.ceil(timed.length / pointsMax);
  if (size <= 1) return timed;
  const join = showsPeaks(name) ? largest : mean;
  const joined: ChartPoint[] = [];
  for (let start = 0; start < timed.length; start += size) {
    const values = timed.slice(start, start + size).flatMap(({ value }) => value ?? []);
    joined.push({ atMs: timed[start]?.atMs ?? 0, value: values.length === 0 ? null : join(values) });
  }
  return joined;
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Gives all samples a time if none has one, because the clock was not set: the last sample is the present one, and the
 * others are one step apart. Times in which the gateway did not run are missing then.
 */
export function countedBack(series: readonly PageSeries[], step: 'minute' | 'hour', nowMs: number): PageSeries[] {
  if (series.some(({ points }) => points.some(([atMs]) => atMs !== null))) return [...series];
  const stepMs = step === 'minute' ? 60_000 : 3_600_000;
  return series.map((one) => ({
    ...one,
    points: one.points.map(([, value], index) => [nowMs - (one.points.length - 1 - index) * stepMs, value] as const),
  }));
}

/** Number of samples without a known time. */
export function untimed(series: readonly PageSeries[]): number {
  return Math.max(0, ...series.map(({ points }) => points.filter(([atMs]) => atMs === null).length));
}
