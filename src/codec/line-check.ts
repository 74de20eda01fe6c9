/**
 * The check at the end of a line: a separator and hexadecimal digits, most significant first, either case.
 *
 *     $GPGLL,4916.45,N*31      nmea: XOR of the characters between $ or ! and the separator (NMEA 0183)
 *     temp 21.5*0B5E           crc16-modbus: reflected 0x8005, init 0xFFFF (check value of "123456789" is 0x4B37)
 *     temp 21.5*9F3AC2D1       crc32: CRC-32/ISO-HDLC, as in `crc32.ts`
 *
 * CRC and checksum cover everything before the separator, except that nmea starts after $ or !. Sources: the catalogue
 * of parametrised CRC algorithms; NMEA 0183 §5.3.
 */
import { crc16 } from './crc16.ts';
import { crc32 } from './crc32.ts';

export type LineCheck =
  | { readonly kind: 'none' }
  | { readonly kind: 'nmea' | 'crc16-modbus' | 'crc32'; readonly separator: Uint8Array };

type CheckKind = Exclude<LineCheck['kind'], 'none'>;

const DIGITS: Readonly<Record<CheckKind, number>> = { nmea: 2, 'crc16-modbus': 4, crc32: 8 };

/**
 * Verifies the check of a line. @returns the line without its check, or `undefined` if the check is missing or wrong
 */
export function removeCheck(line: Uint8Array, check: LineCheck): Uint8Array | undefined {
  if (check.kind === 'none') return line;
  const digits = DIGITS[check.kind];
  const end = line.length - digits - check.separator.length;
  if (end < 0) return undefined;
  const isSeparated = check.separator.every((octet, at) => line[end + at] === octet);
  const written = Buffer.from(line.subarray(line.length - digits)).toString('latin1');
  const body = line.subarray(0, end);
  return isSeparated && written.toUpperCase() === digitsOf(body, check.kind) ? body : undefined;
}

/** @returns the content of a line with a wrong check. An end that looks like a check is removed */
export function withoutCheck(line: Uint8Array, check: LineCheck): Uint8Array {
  const end = check.kind === 'none' ? -1 : Buffer.from(line).lastIndexOf(Buffer.from(check.separator));
  return end < 0 ? line : line.subarray(0, end);
}

export function appendCheck(body: Uint8Array, check: LineCheck): Uint8Array {
  if (check.kind === 'none') return body;
  return Buffer.concat([body, check.separator, Buffer.from(digitsOf(body, check.kind), 'latin1')]);
}

function digitsOf(body: Uint8Array, kind: CheckKind): string {
  return sumOf(body, kind).toString(16).toUpperCase().padStart(DIGITS[kind], '0');
}

function sumOf(body: Uint8Array, kind: CheckKind): number {
  switch (kind) {
    case 'crc32':
      return crc32(body);
    case 'crc16-modbus':
      return crc16(body);
    case 'nmea':
      return nmeaSum(body);
  }
}

const DOLLAR = 0x24;
const BANG = 0x21;

function nmeaSum(body: Uint8Array): number {
  const isMarked = body[0] === DOLLAR || body[0] === BANG;
  return body.subarray(isMarked ? 1 : 0).reduce((sum, octet) => sum ^ octet, 0);
}
