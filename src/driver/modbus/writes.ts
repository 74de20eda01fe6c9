/** Values to be written: the check against the point, and the write request. */
import {
  compare,
  type Decimal,
  decimalOf,
  digitsOf,
  divideToNumber,
  divideToWhole,
  type Numeric,
  subtract,
} from '../../base/decimal.ts';
import type { ModbusRequest } from '../../codec/modbus-pdu.ts';
import type { UnitSection } from './link-keys.ts';
import {
  isFloat,
  isNumeric,
  type Point,
  type PointType,
  type PointValue,
  reordered,
  scaled,
  widthOf,
} from './points.ts';
import { encodeText, type TextEncoding } from './register-text.ts';

/** Functions for writing one register or coil: 5 and 6, or 15 and 16, or 23, which also reads it back. */
export type WriteMode = UnitSection['write_mode'];

/**
 * Reason why a value cannot be written to the point. `undefined`: it can. @param value a PointValue, or any other value
 */
export function valueProblem(point: Point, value: unknown): string | undefined {
  const { type, min, max } = point;
  if (!point.isWritable) return 'is not writable';
  if (type === 'bool') return typeof value === 'boolean' ? undefined : 'takes true or false';
  if (type === 'string') {
    if (typeof value === 'string' && encodedText(point, value) !== undefined) return undefined;
    return `takes a text of at most ${point.length} ${ENCODING_WORDS[point.encoding]}`;
  }
  if (!isNumeric(value)) return 'takes a number';
  const decimal = decimalOf(value);
  if (min !== undefined && compare(decimal, decimalOf(min)) < 0) return `takes no less than ${min}`;
  if (max !== undefined && compare(decimal, decimalOf(max)) > 0) return `takes no more than ${max}`;
  const [least, most] = RANGES[type].map(decimalOf) as [Decimal, Decimal];
  const raw = isFloat(type)
    ? decimalOf(Math.max(-Number.MAX_VALUE, Math.min(rawNumber(point, decimal), Number.MAX_VALUE)))
    : { coefficient: rawWhole(point, decimal), exponent: 0 };
  if (compare(raw, least) >= 0 && compare(raw, most) <= 0) return undefined;
  const ends = [scaled(point, least), scaled(point, most)].toSorted((a, b) => compare(decimalOf(a), decimalOf(b)));
  return `takes ${ends.map(digitsOf).join(' to ')}`;
}

const ENCODING_WORDS: Readonly<Record<TextEncoding, string>> = {
  ascii: 'ASCII characters',
  latin1: 'Latin-1 characters',
  'utf-8': 'octets of UTF-8',
  'utf-16be': 'characters of UTF-16',
  'utf-16le': 'characters of UTF-16',
};

/** Value range of each type. */
export const RANGES: Readonly<Record<Exclude<PointType, 'bool' | 'string'>, readonly [Numeric, Numeric]>> = {
  int16: [-0x8000, 0x7fff],
  uint16: [0, 0xffff],
  int32: [-0x8000_0000, 0x7fff_ffff],
  uint32: [0, 0xffff_ffff],
  float32: [-3.4028234663852886e38, 3.4028234663852886e38],
  int64: [{ digits: String(-(2n ** 63n)) }, { digits: String(2n ** 63n - 1n) }],
  uint64: [0, { digits: String(2n ** 64n - 1n) }],
  float64: [-Number.MAX_VALUE, Number.MAX_VALUE],
};

/** Integer to be stored in the register. */
function rawWhole({ scale, offset }: Point, value: Decimal): bigint {
  return divideToWhole(subtract(value, decimalOf(offset)), decimalOf(scale));
}

function rawNumber({ scale, offset }: Point, value: Decimal): number {
  return divideToNumber(subtract(value, decimalOf(offset)), decimalOf(scale));
}

function encodedText({ length = 0, encoding, padding }: Point, text: string): Uint8Array | undefined {
  return encodeText(text, { length, encoding, padding });
}

/** @param value must pass `valueProblem` */
export function encodeWrite(
  point: Point,
  value: PointValue,
  by: { readonly unit: number; readonly mode: WriteMode },
): ModbusRequest {
  const { unit, mode } = by;
  const { address, bit } = point;
  if (point.table === 'coil') {
    if (mode === 'multiple') return { function: 15, unit, address, bits: [value === true] };
    return { function: 5, unit, address, on: value === true };
  }
  if (bit !== undefined) {
    const mask = 1 << bit;
    return { function: 22, unit, address, and: 0xffff & ~mask, or: value === true ? mask : 0 };
  }
  const words = encodeWords(point, value);
  const [first] = words;
  if (mode === 'read-write') return { function: 23, unit, address, count: words.length, writeAddress: address, words };
  if (mode === 'single' && words.length === 1 && first !== undefined) {
    return { function: 6, unit, address, value: first };
  }
  return { function: 16, unit, address, words };
}

function encodeWords(point: Point, value: PointValue): number[] {
  const bytes = new Uint8Array(widthOf(point) * 2);
  const view = new DataView(bytes.buffer);
  if (point.type === 'string') bytes.set(encodedText(point, String(value)) ?? []);
  else if (isNumeric(value)) writeNumber(point, view, decimalOf(value));
  const ordered = new DataView(reordered(bytes, point.order).buffer);
  return Array.from({ length: widthOf(point) }, (_, index) => ordered.getUint16(index * 2));
}

function writeNumber(point: Point, view: DataView, value: Decimal): void {
  if (point.type === 'float32') view.setFloat32(0, rawNumber(point, value));
  else if (point.type === 'float64') view.setFloat64(0, rawNumber(point, value));
  // two's complement of the register's width, for either sign
  else if (view.byteLength === 2) view.setUint16(0, Number(BigInt.asUintN(16, rawWhole(point, value))));
  else if (view.byteLength === 4) view.setUint32(0, Number(BigInt.asUintN(32, rawWhole(point, value))));
  else view.setBigUint64(0, BigInt.asUintN(64, rawWhole(point, value)));
}
