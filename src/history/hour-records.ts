/**
 * Records of one hour each, made from samples of one minute. An hour is one of the wall clock if the offset of the boot
 * is known, otherwise one of the boot. Samples of one hour that are in two blocks become two records, which are united
 * when they are read.
 */
import { type Decoded, decoded } from '../base/decoded.ts';
import { decodeTable, encodeTable } from '../codec/number-table.ts';
import { METRIC_NAMES, type MetricValues, termsAt } from './history-metrics.ts';
import { fromCells, MINUTE_MS, type MinuteSample, toCells } from './minute-samples.ts';

export const HOUR_MS = 3_600_000;

/** Wall time of a boot: Unix ms minus monotonic ms. `undefined`: unknown. */
export type OffsetOf = (epoch: number) => number | undefined;

export interface HourRecord {
  readonly epoch: number;
  /** Minute of the boot at which the first sample begins. */
  readonly minute: number;
  readonly offsetMs: number | null;
  /** Number of samples. */
  readonly samples: number;
  /** Sums of rates and means of levels. */
  readonly values: MetricValues;
  /** Largest values. */
  readonly peaks: MetricValues;
}

export function foldHours(samples: readonly MinuteSample[], offsetOf: OffsetOf): HourRecord[] {
  const hours = new Map<string, MinuteSample[]>();
  for (const sample of samples) {
    const key = hourOf(sample, offsetOf);
    const hour = hours.get(key);
    if (hour === undefined) hours.set(key, [sample]);
    else hour.push(sample);
  }
  return [...hours.values()].flatMap((hour) => recordOf(hour, offsetOf) ?? []);
}

function hourOf({ epoch, minute, offsetMs }: MinuteSample, offsetOf: OffsetOf): string {
  const offset = offsetMs ?? offsetOf(epoch);
  if (offset === undefined) return `boot ${epoch} ${Math.floor((minute * MINUTE_MS) / HOUR_MS)}`;
  return `wall ${Math.floor((minute * MINUTE_MS + offset) / HOUR_MS)}`;
}

function recordOf(hour: readonly MinuteSample[], offsetOf: OffsetOf): HourRecord | undefined {
  const [first] = hour;
  if (first === undefined) return undefined;
  const { epoch, minute } = first;
  const values: (number | null)[] = [];
  const peaks: (number | null)[] = [];
  for (const place of METRIC_NAMES.keys()) {
    const known = hour.flatMap((sample) => sample.values[place] ?? []);
    const sum = known.reduce((total, value) => total + value, 0);
    const isEmpty = known.length === 0;
    values.push(isEmpty ? null : termsAt(place).kind === 'rate' ? sum : sum / known.length);
    peaks.push(isEmpty ? null : Math.max(...known));
  }
  return { epoch, minute, offsetMs: first.offsetMs ?? offsetOf(epoch) ?? null, samples: hour.length, values, peaks };
}

export function encodeHours(records: readonly HourRecord[]): Uint8Array {
  return encodeTable(
    records.map(({ epoch, minute, offsetMs, samples, values, peaks }) => {
      const largest = toCells(peaks);
      const cells = toCells(values).flatMap((cell, place) => [cell, largest[place] ?? null]);
      return [epoch, minute, offsetMs === null ? null : Math.round(offsetMs), samples, ...cells];
    }),
  );
}

export function decodeHours(bytes: Uint8Array): Decoded<HourRecord[]> {
  const table = decodeTable(bytes);
  if (!table.ok) return table;
  const records: HourRecord[] = [];
  for (const [epoch = null, minute = null, offsetMs = null, samples = null, ...cells] of table.value) {
    if (epoch === null || minute === null) continue;
    const values = fromCells(cells.filter((_, index) => index % 2 === 0));
    const peaks = fromCells(cells.filter((_, index) => index % 2 === 1));
    records.push({ epoch, minute, offsetMs, samples: samples ?? 1, values, peaks });
  }
  return decoded(records);
}
