/**
 * Answers to function 43/14, Read Device Identification (app §6.21): objects with a number and a text.
 *
 *     43 14 | code | conformity | more follows | next object | count | number, length, octets | …
 *
 * An answer contains its own length, object by object. Source: Modbus Application Protocol V1.1b3 ("app").
 */
import { type Decoded, decoded, undecodable } from '../base/decoded.ts';

/** MEI type of the identification within function 43. */
export const IDENTIFICATION_MEI = 14;
/** Read code of a stream of the basic objects: vendor, product code and revision. Every unit with 43/14 has them. */
export const BASIC_STREAM = 1;
/** Octets before the first object. */
const HEAD_BYTES = 7;
const MORE_FOLLOWS = 0xff;

export interface IdentificationPart {
  /** Text by number of the object. */
  readonly objects: ReadonlyMap<number, string>;
  /** Object with which the next request begins. `undefined`: all objects were sent. */
  readonly next: number | undefined;
}

/** @returns number of octets of the answer that begins here; `undefined`: its end has not arrived */
export function identificationBytes(pdu: Uint8Array): number | undefined {
  let end = HEAD_BYTES;
  for (let left = pdu[6] ?? 1; left > 0; left -= 1) {
    const length = pdu[end + 1];
    if (length === undefined) return undefined;
    end += 2 + length;
  }
  return end;
}

/** @param content octets of the answer after function, MEI type and read code */
export function decodeIdentification(content: Uint8Array): Decoded<IdentificationPart> {
  const [, more = 0, next = 0, count = 0] = content;
  const objects = new Map<number, string>();
  let at = 4;
  for (let left = count; left > 0; left -= 1) {
    const [number, length] = content.subarray(at, at + 2);
    if (number === undefined || length === undefined || at + 2 + length > content.length)
      return undecodable('an identification with a wrong length');
    objects.set(number, printable(content.subarray(at + 2, at + 2 + length)));
    at += 2 + length;
  }
  return decoded({ objects, next: more === MORE_FOLLOWS ? next : undefined });
}

/** The octets as text. Characters that are not printable ASCII become U+FFFD; blanks and NULs at the end are cut. */
function printable(octets: Uint8Array): string {
  const text = String.fromCharCode(...octets).replace(/[\0 ]+$/, '');
  return text.replaceAll(/[^ -~]/g, '\ufffd');
}
