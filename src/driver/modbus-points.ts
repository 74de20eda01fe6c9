/**
 * What the registers of a unit mean: bits and octets become values, and values become what is to be written.
 *
 *     value = raw · scale + offset
 */
import type { ModbusRequest } from '../codec/modbus-rtu.ts';

export type Table = 'coil' | 'discrete' | 'holding' | 'input';
export type PointType =
  | 'bool'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'float32'
  | 'int64'
  | 'uint64'
  | 'float64'
  | 'string';
/** The order in which the octets of a value come; four letters stand for any number of octets. */
export type WordOrder = 'ABCD' | 'CDAB' | 'BADC' | 'DCBA';

export interface Point {
  readonly name: string;
  readonly table: Table;
  /** Counted from 0. */
  readonly address: number;
  readonly type: PointType;
  /** Of a bool in a register, 0 (lowest) to 15. */
  readonly bit: number | undefined;
  /** Characters of a string, two in each register. */
  readonly length: number | undefined;
  readonly order: WordOrder;
  readonly scale: number;
  readonly offset: number;
  /** A change by no more than this is none. */
  readonly deadband: number;
  readonly pollMs: number;
  readonly isWritable: boolean;
  readonly min: number | undefined;
  readonly max: number | undefined;
}

/** How a unit likes one register or coil to be written: by 5 and 6, by 15 and 16, or by 23, which reads it back at once. */
export type WriteMode = 'single' | 'multiple' | 'read-write';

/** `null`: there is no such value, as with the NaN of a float. */
export type PointValue = boolean | number | string | null;

/** Function codes that read (app §6.1 to §6.4). */
export const READ_FUNCTION = { coil: 1, discrete: 2, holding: 3, input: 4 } as const;

const WORDS: Readonly<Record<Exclude<PointType, 'string'>, number>> = {
  bool: 1,
  ...{ int16: 1, uint16: 1 },
  ...{ int32: 2, uint32: 2, float32: 2 },
  ...{ int64: 4, uint64: 4, float64: 4 },
};

export const isBitTable = (table: Table): boolean => table === 'coil' || table === 'discrete';

/** Registers, or coils, that the point takes. */
export function widthOf({ type, length }: Pick<Point, 'type' | 'length'>): number {
  return type === 'string' ? Math.ceil((length ?? 0) / 2) : WORDS[type];
}

/** @param content of the answer to a request that began at `start` and read at least the whole point */
export function decodePoint(point: Point, content: Uint8Array, start: number): PointValue {
  const at = point.address - start;
  if (isBitTable(point.table)) return (((content[at >> 3] ?? 0) >> (at & 7)) & 1) === 1;
  const bytes = reordered(content.slice(at * 2, (at + widthOf(point)) * 2), point.order);
  const view = new DataView(bytes.buffer);
  switch (point.type) {
    case 'bool':
      return ((view.getUint16(0) >> (point.bit ?? 0)) & 1) === 1;
    case 'string':
      return decodeText(bytes.subarray(0, point.length));
    case 'int64':
      return scaled(point, exact(view.getBigInt64(0)));
    case 'uint64':
      return scaled(point, exact(view.getBigUint64(0)));
    default:
      return scaled(point, READERS[point.type](view));
  }
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

/** The fewest digits that are this float32: 0.1, not 0.10000000149. Nine always do (IEEE 754). */
function shortest(float: number): number {
  const digits = [6, 7, 8].find((count) => Math.fround(Number(float.toPrecision(count))) === float);
  return digits === undefined ? float : Number(float.toPrecision(digits));
}

/** JSON's numbers are doubles: what they cannot hold goes as its digits. */
function exact(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

/** Twelve digits: a scale such as 0.1 leaves no dust behind, and no register's precision is lost but a float64's. */
function scaled({ scale, offset }: Point, raw: number | string): PointValue {
  if (typeof raw === 'string') return scale === 1 && offset === 0 ? raw : Number(raw) * scale + offset;
  if (!Number.isFinite(raw)) return null;
  return scale === 1 && offset === 0 ? raw : Number((raw * scale + offset).toPrecision(12));
}

/** Octets of ASCII up to the first NUL, without the blanks that fill a field; others are replaced. */
function decodeText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  const text = bytes.subarray(0, end < 0 ? bytes.length : end);
  return Array.from(text, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '\ufffd'))
    .join('')
    .trimEnd();
}

/** Its own inverse. */
function reordered(bytes: Uint8Array, order: WordOrder): Uint8Array<ArrayBuffer> {
  const isSwapped = order === 'BADC' || order === 'DCBA';
  const isReversed = order === 'CDAB' || order === 'DCBA';
  const words = bytes.length / 2;
  return Uint8Array.from(bytes, (_, index) => {
    const word = isReversed ? words - 1 - (index >> 1) : index >> 1;
    return bytes[word * 2 + (isSwapped ? 1 - (index & 1) : index & 1)] ?? 0;
  });
}

/** Words for why a value cannot be written to the point; `undefined`: it can. */
export function valueProblem(point: Point, value: unknown): string | undefined {
  const { type, min, max } = point;
  if (!point.isWritable) return 'is not writable';
  if (type === 'bool') return typeof value === 'boolean' ? undefined : 'takes true or false';
  if (type === 'string') {
    const fits = typeof value === 'string' && value.length <= (point.length ?? 0) && /^[\x20-\x7e]*$/.test(value);
    return fits ? undefined : `takes a text of at most ${point.length} ASCII characters`;
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) return 'takes a number';
  if (min !== undefined && value < min) return `takes no less than ${min}`;
  if (max !== undefined && value > max) return `takes no more than ${max}`;
  const [least, most] = RANGES[type];
  const raw = rawOf(point, value);
  return raw >= least && raw <= most ? undefined : `takes ${scaled(point, least)} to ${scaled(point, most)}`;
}

/** What fits; 64-bit integers end where doubles stop being exact. */
const RANGES: Readonly<Record<Exclude<PointType, 'bool' | 'string'>, readonly [number, number]>> = {
  int16: [-0x8000, 0x7fff],
  uint16: [0, 0xffff],
  int32: [-0x8000_0000, 0x7fff_ffff],
  uint32: [0, 0xffff_ffff],
  float32: [-3.4028234663852886e38, 3.4028234663852886e38],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  uint64: [0, Number.MAX_SAFE_INTEGER],
  float64: [-Number.MAX_VALUE, Number.MAX_VALUE],
};

function rawOf({ type, scale, offset }: Point, value: number): number {
  const raw = (value - offset) / scale;
  return type === 'float32' || type === 'float64' ? raw : Math.round(raw);
}

/** @param value one that `valueProblem` has nothing against */
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
  if (point.type === 'string') bytes.set(new TextEncoder().encode(String(value)));
  else if (point.type !== 'bool') WRITERS[point.type](view, rawOf(point, Number(value)));
  const ordered = new DataView(reordered(bytes, point.order).buffer);
  return Array.from({ length: widthOf(point) }, (_, index) => ordered.getUint16(index * 2));
}

const WRITERS: Readonly<Record<Exclude<PointType, 'bool' | 'string'>, (view: DataView, raw: number) => void>> = {
  int16: (view, raw) => view.setInt16(0, raw),
  uint16: (view, raw) => view.setUint16(0, raw),
  int32: (view, raw) => view.setInt32(0, raw),
  uint32: (view, raw) => view.setUint32(0, raw),
  float32: (view, raw) => view.setFloat32(0, raw),
  int64: (view, raw) => view.setBigInt64(0, BigInt(raw)),
  uint64: (view, raw) => view.setBigUint64(0, BigInt(raw)),
  float64: (view, raw) => view.setFloat64(0, raw),
};

/** Are they the same but for what the point's deadband lets pass? */
export function isSame(point: Point, before: PointValue | undefined, after: PointValue): boolean {
  if (typeof before === 'number' && typeof after === 'number') return Math.abs(after - before) <= point.deadband;
  return before === after;
}
