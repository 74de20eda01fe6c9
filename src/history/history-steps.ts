/**
 * Samples and records as series with one value for each step of the wall clock. Steps without a sample are gaps. Samples
 * of a boot whose wall time is unknown keep their place in the order, without a time.
 */
import { METRIC_NAMES, type MetricValues, termsAt } from './history-metrics.ts';
import { HOUR_MS } from './hour-records.ts';
import { MINUTE_MS } from './minute-samples.ts';

export type HistoryStep = 'minute' | 'hour';

export const STEP_MS: Readonly<Record<HistoryStep, number>> = { minute: MINUTE_MS, hour: HOUR_MS };
/** Largest number of steps in one answer: a day of minutes, or two months of hours. */
export const STEPS_MAX = 1500;

/** Sample, or record of an hour. */
export interface HistoryEntry {
  /** Start in Unix ms; `undefined`: unknown. */
  readonly wallMs: number | undefined;
  /** Boot and minute of that boot, for entries without a wall time. */
  readonly epoch: number;
  readonly minute: number;
  /** Number of samples. */
  readonly samples: number;
  readonly values: MetricValues;
  readonly peaks: MetricValues;
}

export interface StepRange {
  readonly step: HistoryStep;
  /** Unix ms; the last step that is included begins before `untilMs`. */
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** Series in columns. A number that is not finite is a missing value. */
export interface SteppedSeries {
  /** Start of each step, Unix ms; NaN: unknown. */
  readonly starts: Float64Array;
  /** Values by the place of the metric in `METRIC_NAMES`, then by step. */
  readonly values: readonly Float64Array[];
  readonly peaks: readonly Float64Array[];
}

/** @param entries in the order in which they were taken */
export function stepsOf(entries: Iterable<HistoryEntry>, { step, sinceMs, untilMs }: StepRange): SteppedSeries {
  const stepMs = STEP_MS[step];
  const known = new Map<number, StepSum>();
  /** Steps without a wall time, before the step with this number. */
  const unknown = new Map<number, StepSum[]>();
  let waiting: StepSum[] = [];
  let waitingKey = '';
  let isBehind = false;
  for (const entry of entries) {
    if (entry.wallMs === undefined) {
      if (isBehind) continue;
      const key = `${entry.epoch} ${Math.floor((entry.minute * MINUTE_MS) / stepMs)}`;
      if (key !== waitingKey) waiting.push(new StepSum());
      waitingKey = key;
      waiting.at(-1)?.add(entry);
      continue;
    }
    const number = Math.floor(entry.wallMs / stepMs);
    isBehind = number * stepMs >= untilMs;
    if (!isBehind && (number + 1) * stepMs > sinceMs) {
      let sum = known.get(number);
      if (sum === undefined) {
        sum = new StepSum();
        known.set(number, sum);
      }
      sum.add(entry);
      if (waiting.length > 0) unknown.set(number, [...(unknown.get(number) ?? []), ...waiting]);
    }
    waiting = [];
    waitingKey = '';
  }
  return seriesOf(inOrder(known, unknown, waiting), stepMs);
}

type NumberedStep = readonly [number: number | undefined, sum: StepSum | undefined];

function inOrder(
  known: ReadonlyMap<number, StepSum>,
  unknown: ReadonlyMap<number, readonly StepSum[]>,
  last: readonly StepSum[],
): NumberedStep[] {
  const steps: NumberedStep[] = [];
  const numbers = [...known.keys()];
  const newest = numbers.reduce((most, number) => Math.max(most, number), Number.NEGATIVE_INFINITY);
  const oldest = numbers.reduce((least, number) => Math.min(least, number), Number.POSITIVE_INFINITY);
  for (let number = Math.max(oldest, newest - STEPS_MAX + 1); number <= newest; number += 1) {
    for (const sum of unknown.get(number) ?? []) steps.push([undefined, sum]);
    steps.push([number, known.get(number)]);
  }
  for (const sum of last) steps.push([undefined, sum]);
  return steps.slice(-STEPS_MAX);
}

function seriesOf(steps: readonly NumberedStep[], stepMs: number): SteppedSeries {
  const column = (read: (sum: StepSum, place: number) => number): Float64Array[] =>
    METRIC_NAMES.map((_, place) =>
      Float64Array.from(steps, ([, sum]) => (sum === undefined ? Number.NaN : read(sum, place))),
    );
  return {
    starts: Float64Array.from(steps, ([number]) => (number === undefined ? Number.NaN : number * stepMs)),
    values: column((sum, place) => sum.valueAt(place)),
    peaks: column((sum, place) => sum.peakAt(place)),
  };
}

/** Entries of one step. */
class StepSum {
  readonly #totals: number[] = [];
  readonly #weights: number[] = [];
  readonly #peaks: number[] = [];

  add({ samples, values, peaks }: HistoryEntry): void {
    for (const [place, value] of values.entries()) {
      if (value === null) continue;
      const isRate = termsAt(place).kind === 'rate';
      this.#totals[place] = (this.#totals[place] ?? 0) + (isRate ? value : value * samples);
      this.#weights[place] = (this.#weights[place] ?? 0) + samples;
      this.#peaks[place] = Math.max(this.#peaks[place] ?? value, peaks[place] ?? value);
    }
  }

  valueAt(place: number): number {
    const total = this.#totals[place];
    const weight = this.#weights[place];
    if (total === undefined || weight === undefined) return Number.NaN;
    return termsAt(place).kind === 'rate' ? total : total / weight;
  }

  peakAt(place: number): number {
    return this.#peaks[place] ?? Number.NaN;
  }
}
