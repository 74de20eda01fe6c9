/**
 * The check of a line: a separator, and then hexadecimal digits of either case, or octets.
 *
 *     $GPGLL,4916.45,N*31      nmea: XOR of the characters between $ or ! and the separator (NMEA 0183)
 *     temp 21.5*0B5E           crc16-modbus: reflected 0x8005, init 0xFFFF (check value of "123456789" is 0x4B37)
 *     /XYZ5…!522B              dsmr: reflected 0x8005, init 0, over / to ! (DSMR 5.0.2 P1 §6.2)
 *     temp 21.5*9F3AC2D1       crc32: CRC-32/ISO-HDLC, as in `crc32.ts`
 *     STX 12.50 kg ETX BCC     xor as one octet over text and separator, with ETX as the separator (IEC 62056-21 §6.3.6)
 *     temp 21.5*2E             sum: octets added, modulo 256; lrc: 256 minus this sum (Modbus over serial line §2.5.2.2)
 *
 * A check covers the text before the separator. It may cover the mark before the text and the separator too; dsmr always
 * covers the separator, which is `!`. Sources besides: the catalogue of parametrised CRC algorithms; NMEA 0183 §5.3.
 */
import { crc16 } from './crc16.ts';
import { crc32 } from './crc32.ts';

/** Digits, most significant first, or octets, most or least significant first. */
export type CheckForm = 'hex' | 'bytes' | 'bytes-low-first';

export type LineCheck =
  | { readonly kind: 'none' }
  | {
      readonly kind: keyof typeof ALGORITHMS;
      /** Octets between text and check. May be empty. */
      readonly separator: Uint8Array;
      /** Absent: `hex`. */
      readonly form?: CheckForm;
      /** Mark before each line, which is not part of a received line. Absent: none. */
      readonly start?: Uint8Array | undefined;
      readonly coversStart?: boolean;
      readonly coversSeparator?: boolean;
    };

type WrittenCheck = Exclude<LineCheck, { kind: 'none' }>;

interface Algorithm {
  /** Size of the check, octets. */
  readonly size: number;
  of(covered: Uint8Array): number;
}

const ALGORITHMS = {
  nmea: { size: 1, of: nmeaSum },
  xor: { size: 1, of: xorOf },
  sum: { size: 1, of: sumOf },
  lrc: { size: 1, of: (covered) => -sumOf(covered) & 0xff },
  'crc16-modbus': { size: 2, of: (covered) => crc16(covered) },
  dsmr: { size: 2, of: (covered) => crc16(covered, 0) },
  crc32: { size: 4, of: crc32 },
} satisfies Readonly<Record<string, Algorithm>>;

/**
 * Verifies the check of a line. @returns the line without its check, or `undefined` if the check is missing or wrong
 */
export function removeCheck(line: Uint8Array, check: LineCheck): Uint8Array | undefined {
  if (check.kind === 'none') return line;
  const written = line.subarray(Math.max(0, line.length - checkBytes(check)));
  const end = line.length - written.length - check.separator.length;
  if (end < 0 || written.length < checkBytes(check)) return undefined;
  const isSeparated = check.separator.every((octet, at) => line[end + at] === octet);
  const body = line.subarray(0, end);
  const isRight = comparable(written, check) === comparable(writtenForm(body, check, check.start), check);
  return isSeparated && isRight ? body : undefined;
}

/** @returns the content of a line with a wrong check. An end that looks like a check is removed */
export function withoutCheck(line: Uint8Array, check: LineCheck): Uint8Array {
  if (check.kind === 'none') return line;
  if (check.separator.length === 0) return line.subarray(0, Math.max(0, line.length - checkBytes(check)));
  const end = Buffer.from(line).lastIndexOf(Buffer.from(check.separator));
  return end < 0 ? line : line.subarray(0, end);
}

/** @param body text with the mark before it, if it is written with one */
export function appendCheck(body: Uint8Array, check: LineCheck): Uint8Array {
  if (check.kind === 'none') return body;
  const { start = new Uint8Array(), separator } = check;
  const isMarked = start.every((octet, at) => body[at] === octet);
  const text = isMarked ? body.subarray(start.length) : body;
  return Buffer.concat([body, separator, writtenForm(text, check, isMarked ? start : undefined)]);
}

/** Number of octets of the check on the line, without the separator. */
export function checkBytes(check: LineCheck): number {
  if (check.kind === 'none') return 0;
  const { size } = ALGORITHMS[check.kind];
  return (check.form ?? 'hex') === 'hex' ? 2 * size : size;
}

/** @param start mark before the text on the line */
function writtenForm(text: Uint8Array, check: WrittenCheck, start: Uint8Array | undefined): Uint8Array {
  const { kind, separator, form = 'hex', coversStart = false, coversSeparator = kind === 'dsmr' } = check;
  const algorithm: Algorithm = ALGORITHMS[kind];
  const before = coversStart ? (start ?? []) : [];
  const isPlain = before.length === 0 && !coversSeparator;
  const covered = isPlain ? text : Uint8Array.from([...before, ...text, ...(coversSeparator ? separator : [])]);
  const digits = algorithm
    .of(covered)
    .toString(16)
    .toUpperCase()
    .padStart(2 * algorithm.size, '0');
  if (form === 'hex') return Buffer.from(digits, 'latin1');
  const octets = Buffer.from(digits, 'hex');
  return form === 'bytes' ? octets : octets.reverse();
}

function comparable(written: Uint8Array, { form = 'hex' }: WrittenCheck): string {
  const text = Buffer.from(written).toString('latin1');
  return form === 'hex' ? text.toUpperCase() : text;
}

function xorOf(covered: Uint8Array): number {
  return covered.reduce((sum, octet) => sum ^ octet, 0);
}

function sumOf(covered: Uint8Array): number {
  return covered.reduce((sum, octet) => (sum + octet) & 0xff, 0);
}

const DOLLAR = 0x24;
const BANG = 0x21;

function nmeaSum(covered: Uint8Array): number {
  const isMarked = covered[0] === DOLLAR || covered[0] === BANG;
  return xorOf(covered.subarray(isMarked ? 1 : 0));
}
