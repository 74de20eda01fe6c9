/**
 * Meaning of a unit's registers: bits and octets become values, and values become writes.
 *
 *     value = raw · scale + offset, in decimals: no digit of the register is rounded
 */
import {
  add,
  compare,
  type Decimal,
  decimalOf,
  digitsOf,
  isExactNumber,
  multiply,
  type Numeric,
  numericOf,
  subtract,
} from '../../base/decimal.ts';
import type { PointSection, UnitSection } from './link-keys.ts';
import { decodeText, type TextEncoding, type TextPadding, textBytes } from './register-text.ts';

export type Table = PointSection['table'];
export type PointType = Exclude<PointSection['type'], undefined>;
/** Order of the octets of a value; the four letters stand for any number of octets. */
export type WordOrder = UnitSection['word_order'];

export interface Point {
  readonly name: string;
  readonly table: Table;
  /** Address of the first register or bit, from 0. */
  readonly address: number;
  readonly type: PointType;
  /** Bit of a bool in a register, 0 (lowest) to 15. */
  readonly bit: number | undefined;
  /**
   * Length of a string in characters. A register holds two characters of one octet each, or one character of UTF-16.
   */
  readonly length: number | undefined;
  /** Encoding of a string. */
  readonly encoding: TextEncoding;
  /** Fill of a written string. */
  readonly padding: TextPadding;
  readonly order: WordOrder;
  readonly scale: number;
  readonly offset: number;
  /**
   * Register contents that mean "not available": hexadecimal digits, four for each register, in the order ABCD.
   */
  readonly notAvailable: readonly string[];
  /** Largest change that is not reported. */
  readonly deadband: number;
  readonly pollMs: number;
  readonly isWritable: boolean;
  readonly min: number | undefined;
  readonly max: number | undefined;
}

/** Value of a point. `null`: no valid value, e.g. the NaN of a float, or a content that means "not available". */
export type PointValue = boolean | Numeric | string | null;

/** Function codes of reads (app §6.1 to §6.4). */
export const READ_FUNCTION = { coil: 1, discrete: 2, holding: 3, input: 4 } as const;

/** Number of registers of each type. */
export const WORDS: Readonly<Record<Exclude<PointType, 'string'>, number>> = {
  bool: 1,
  int16: 1,
  uint16: 1,
  int32: 2,
  uint32: 2,
  float32: 2,
  int64: 4,
  uint64: 4,
  float64: 4,
};

export const isBitTable = (table: Table): boolean => table === 'coil' || table === 'discrete';

/** Number of registers or coils of the point. */
export function widthOf({ type, length, encoding }: Pick<Point, 'type' | 'length' | 'encoding'>): number {
  return type === 'string' ? Math.ceil(textBytes(length ?? 0, encoding) / 2) : WORDS[type];
}

/** @param content content of the answer to a request that began at `start` and includes the whole point */
export function decodePoint(point: Point, content: Uint8Array, start: number): PointValue {
  const at = point.address - start;
  if (isBitTable(point.table)) return (((content[at >> 3] ?? 0) >> (at & 7)) & 1) === 1;
  const bytes = reordered(content.slice(at * 2, (at + widthOf(point)) * 2), point.order);
  if (meansNotAvailable(point, bytes)) return null;
  const view = new DataView(bytes.buffer);
  switch (point.type) {
    case 'bool':
      return ((view.getUint16(0) >> (point.bit ?? 0)) & 1) === 1;
    case 'string':
      return decodeText(bytes.subarray(0, textBytes(point.length ?? 0, point.encoding)), point.encoding);
    case 'int64':
      return scaled(point, { coefficient: view.getBigInt64(0), exponent: 0 });
    case 'uint64':
      return scaled(point, { coefficient: view.getBigUint64(0), exponent: 0 });
    default: {
      const raw = READERS[point.type](view);
      const value = Number.isFinite(raw) ? scaled(point, decimalOf(raw)) : null;
      return typeof value === 'number' && !Number.isFinite(value) ? null : value;
    }
  }
}

/** True if the registers of the point contain one of its values for "not available". Parameters as for `decodePoint`. */
export function isNotAvailable(point: Point, content: Uint8Array, start: number): boolean {
  const at = (point.address - start) * 2;
  return meansNotAvailable(point, reordered(content.slice(at, at + widthOf(point) * 2), point.order));
}

/** @param bytes registers of the point in the order ABCD */
function meansNotAvailable({ notAvailable }: Point, bytes: Uint8Array): boolean {
  return notAvailable.length > 0 && notAvailable.includes(Buffer.from(bytes).toString('hex'));
}

type Plain = Exclude<PointType, 'bool' | 'string' | 'int64' | 'uint64'>;

const READERS: Readonly<Record<Plain, (view: DataView) => number>> = {
  int16: (view) => view.getInt16(0),
  uint16: (view) => view.getUint16(0),
  int32: (view) => view.getInt32(0),
  uint32: (view) => view.getUint32(0),
  float32: (view) => shortest(view.getFloat32(0)),
  float64: (view) => view.getFloat64(0),
};

/** Fewest digits that give this float32: 0.1, not 0.10000000149. Nine always suffice (IEEE 754). */
function shortest(float: number): number {
  const digits = [6, 7, 8].find((count) => Math.fround(Number(float.toPrecision(count))) === float);
  return digits === undefined ? float : Number(float.toPrecision(digits));
}

/** Value of a raw register content. */
export function scaled({ type, scale, offset }: Pick<Point, 'type' | 'scale' | 'offset'>, raw: Decimal): Numeric {
  const value = numericOf(add(multiply(raw, decimalOf(scale)), decimalOf(offset)));
  // a float has no more digits than a double prints
  return isFloat(type) ? Number(digitsOf(value)) : value;
}

export const isFloat = (type: PointType): boolean => type === 'float32' || type === 'float64';

/** Returns the octets in another order. A second call restores the first order. */
export function reordered(bytes: Uint8Array, order: WordOrder): Uint8Array<ArrayBuffer> {
  const isSwapped = order === 'BADC' || order === 'DCBA';
  const isReversed = order === 'CDAB' || order === 'DCBA';
  const words = bytes.length / 2;
  return Uint8Array.from(bytes, (_, index) => {
    const word = isReversed ? words - 1 - (index >> 1) : index >> 1;
    return bytes[word * 2 + (isSwapped ? 1 - (index & 1) : index & 1)] ?? 0;
  });
}

export function isNumeric(value: unknown): value is Numeric {
  return typeof value === 'number' ? Number.isFinite(value) : isExactNumber(value);
}

/** True if the values are equal within the point's deadband. */
export function isSame(point: Point, before: PointValue | undefined, after: PointValue): boolean {
  if (!isNumeric(before) || !isNumeric(after)) return before === after;
  const change = subtract(decimalOf(after), decimalOf(before));
  const size = change.coefficient < 0n ? { ...change, coefficient: -change.coefficient } : change;
  return compare(size, decimalOf(point.deadband)) <= 0;
}
