/**
 * Samples of one minute each, and the block that stores about an hour of them. A sample has the boot and the minute of
 * that boot; the wall time comes from the offset of the boot, as for every row of the store. So a step of the clock
 * neither loses nor duplicates a sample.
 */
import { type Decoded, decoded } from '../base/decoded.ts';
import { decodeTable, encodeTable, type TableCell } from '../codec/number-table.ts';
import { METRIC_NAMES, type MetricValues, termsAt } from './history-metrics.ts';

export const MINUTE_MS = 60_000;
/** Number of samples at which a block is complete and waits for the next commit. */
export const BLOCK_SAMPLES_MIN = 55;
/** Number of samples at which a block is written by a commit of its own. */
export const BLOCK_SAMPLES_MAX = 60;

export interface MinuteSample {
  readonly epoch: number;
  /** Minute of the boot: monotonic ms / 60,000, rounded down. */
  readonly minute: number;
  /** Unix ms minus monotonic ms, if it was known when the sample was taken. */
  readonly offsetMs: number | null;
  /** CRC-32 of the mark of the configuration in force. */
  readonly configuration: number;
  readonly values: MetricValues;
}

/**
 * Adds a sample to those of the open block. A second sample of the same minute (after a restart of the process) is
 * united with the first one.
 */
export function appendSample(samples: readonly MinuteSample[], sample: MinuteSample): MinuteSample[] {
  const last = samples.at(-1);
  if (last?.epoch !== sample.epoch || last.minute !== sample.minute) return [...samples, sample];
  return [...samples.slice(0, -1), { ...sample, values: unitedValues(last.values, sample.values) }];
}

function unitedValues(earlier: MetricValues, later: MetricValues): MetricValues {
  return later.map((value, place) => {
    const before = earlier[place] ?? null;
    if (value === null || before === null) return value ?? before;
    return termsAt(place).kind === 'rate' ? value + before : value;
  });
}

export function encodeSamples(samples: readonly MinuteSample[]): Uint8Array {
  return encodeTable(
    samples.map(({ epoch, minute, offsetMs, configuration, values }) => [
      epoch,
      minute,
      offsetMs === null ? null : Math.round(offsetMs),
      configuration,
      ...toCells(values),
    ]),
  );
}

export function decodeSamples(bytes: Uint8Array): Decoded<MinuteSample[]> {
  const table = decodeTable(bytes);
  if (!table.ok) return table;
  const samples: MinuteSample[] = [];
  for (const [epoch = null, minute = null, offsetMs = null, configuration = null, ...cells] of table.value)
    if (epoch !== null && minute !== null)
      samples.push({ epoch, minute, offsetMs, configuration: configuration ?? 0, values: fromCells(cells) });
  return decoded(samples);
}

/** Values as whole numbers for a table. */
export function toCells(values: MetricValues): TableCell[] {
  return METRIC_NAMES.map((_, place) => {
    const value = values[place] ?? null;
    return value === null || !Number.isFinite(value) ? null : Math.round(value * termsAt(place).scale);
  });
}

/** Values of an older program lack the newest metrics; values of a newer one have metrics that are not known here. */
export function fromCells(cells: readonly TableCell[]): MetricValues {
  return METRIC_NAMES.map((_, place) => {
    const cell = cells[place] ?? null;
    return cell === null ? null : cell / termsAt(place).scale;
  });
}
