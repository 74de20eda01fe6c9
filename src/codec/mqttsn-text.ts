/**
 * Texts of MQTT-SN packets. A text that MQTT forbids (NUL, octets that are not UTF-8) is kept so that it can be shown and
 * its packet answered: in text that is not UTF-8, each octet above 0x7F becomes a lone surrogate. No valid text contains
 * one. Pure.
 */

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const ESCAPE = 0xdc00;
const ASCII_MAX = 0x7f;

/** Text of the octets; with lone surrogates if they are not UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    return String.fromCharCode(...Array.from(bytes, (octet) => (octet > ASCII_MAX ? ESCAPE + octet : octet)));
  }
}

/** Octets of a text; the inverse of `decodeText`. */
export function encodeText(text: string): Uint8Array {
  if (text.isWellFormed()) return new TextEncoder().encode(text);
  return Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff);
}

/** Problem of a text in any packet. `undefined`: none. */
export function textProblem(text: string): { readonly problem: string; readonly tag: string } | undefined {
  if (text.includes('\0')) return { problem: 'NUL in a string', tag: 'MQTT-1.5.3-2' };
  if (!text.isWellFormed()) return { problem: 'a string that is not UTF-8', tag: 'MQTT-1.5.3-1' };
  return undefined;
}
