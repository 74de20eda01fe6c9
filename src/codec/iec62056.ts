/**
 * Messages of a read-out by IEC 62056-21, modes A, B and C: direct local data exchange with meters, mostly through an
 * optical head. Every character has 7 bits and even parity.
 *
 *     gateway  /?12345678!CRLF                         request, 300 baud; the address may be missing
 *     meter    /ISk5MT174-0001CRLF                     identification: manufacturer, Z = 5, type
 *     gateway  ACK 0 5 0 CRLF                          mode C only: protocol 0, speed Z, data read-out; then both change the speed
 *     meter    STX 1-0:1.8.0(000123.4*kWh)CRLF … !CRLF ETX BCC
 *     gateway  NAK                                     wants a damaged data block again
 *
 * Z names the mode and the largest speed: a digit is mode C, a letter mode B, in which the meter changes the speed without
 * ACK, and any other character mode A, which stays at 300 baud. Source: IEC 62056-21:2002 §6.3 and §6.4. A `\W` in the
 * type offers mode E besides, which a gateway need not use.
 */
import type { LineCheck } from './line-check.ts';

/** Speeds of the characters 0 to 6 in mode C, bits per second; A to F in mode B are those from 600. */
export const READOUT_SPEEDS: readonly number[] = [300, 600, 1200, 2400, 4800, 9600, 19_200];

/** Characters of the speeds in mode B; the first is 600. */
const MODE_B = 'ABCDEF';

export const STX = 0x02;
export const ETX = 0x03;
export const NAK = Uint8Array.of(0x15);
const ACK = '\u0006';

/** Number of bits of a character on the line: start bit, seven bits, parity, stop bit. */
const BITS_PER_CHARACTER = 10;

/** Check of a data block: XOR of the characters after STX up to ETX. */
export const BLOCK_CHECK: LineCheck = {
  kind: 'xor',
  separator: Uint8Array.of(ETX),
  form: 'bytes',
  coversSeparator: true,
};

export interface Identification {
  /** Whole message without CR and LF, such as `/ISk5MT174-0001`. */
  readonly text: string;
  readonly mode: 'A' | 'B' | 'C';
  /** Largest speed of the meter. Mode A: `undefined`, the speed does not change. */
  readonly speed: number | undefined;
}

/** @param address of the meter; empty: any meter answers */
export function readoutRequest(address: string): Uint8Array {
  return octets(`/?${address}!\r\n`);
}

/** @param line line of a meter without its end. Characters before the `/` are ignored @returns `undefined`: another line */
export function parseIdentification(line: Uint8Array): Identification | undefined {
  const [text, letter = ''] = /\/[A-Za-z]{3}([!-~])[\x20-\x7e]{0,48}$/.exec(Buffer.from(line).toString('latin1')) ?? [];
  if (text === undefined) return undefined;
  const ofC = READOUT_SPEEDS[Number(letter)];
  if (ofC !== undefined) return { text, mode: 'C', speed: ofC };
  const ofB = MODE_B.includes(letter) ? READOUT_SPEEDS[MODE_B.indexOf(letter) + 1] : undefined;
  return ofB === undefined ? { text, mode: 'A', speed: undefined } : { text, mode: 'B', speed: ofB };
}

/** True if the line is a request of a gateway, such as the echo of an optical head. */
export function isReadoutRequest(line: Uint8Array): boolean {
  return Buffer.from(line).toString('latin1').includes('/?');
}

/** Acknowledgement that selects data read-out. @param speed one of `READOUT_SPEEDS` */
export function acknowledgement(speed: number): Uint8Array {
  return octets(`${ACK}0${READOUT_SPEEDS.indexOf(speed)}0\r\n`);
}

/** Time that characters take on the line, ms. */
export function charactersMs(count: number, baudRate: number): number {
  return Math.ceil((count * BITS_PER_CHARACTER * 1000) / baudRate);
}

/** Removes the end `!CRLF` of the data in a block. */
export function withoutEndMark(data: Uint8Array): Uint8Array {
  const text = Buffer.from(data).toString('latin1');
  return data.subarray(0, text.length - (/!\r?\n?$/.exec(text)?.[0].length ?? 0));
}

function octets(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}
