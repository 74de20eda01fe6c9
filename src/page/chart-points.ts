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
 * Joins neighbouring samples until at most `pointsMax` points are left. Samples without a time (`countedBack`) are left out.
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
 * Gives samples a time that have none, because the clock was not set: each is one step before the next one, and the last
 * is the present one. Times in which the gateway did not run are missing then. A page whose own clock is behind the last
 * known time counts from that time.
 */
export function countedBack(series: readonly PageSeries[], step: 'minute' | 'hour', nowMs: number): PageSeries[] {
  if (series.every(({ points }) => points.every(([atMs]) => atMs !== null))) return [...series];
  const stepMs = step === 'minute' ? 60_000 : 3_600_000;
  return series.map((one) => ({ ...one, points: timedPoints(one.points, stepMs, nowMs) }));
}

function timedPoints(points: PageSeries['points'], stepMs: number, nowMs: number): PageSeries['points'] {
  const lastTimed = points.findLastIndex(([atMs]) => atMs !== null);
  const trailing = points.length - 1 - lastTimed;
  let nextMs = Math.max(nowMs, (points[lastTimed]?.[0] ?? 0) + trailing * stepMs) + stepMs;
  const timed = points.toReversed().map(([atMs, value]) => {
    nextMs = atMs ?? nextMs - stepMs;
    return [nextMs, value] as const;
  });
  return timed.reverse();
}
