/** Payloads as parts of JSON documents: their text, their value, and the notation in which any payload can be nested. Pure. */

/** `json`: JSON value. `text`: text of UTF-8. `base64`: any bytes, in base64 (RFC 4648 §4). */
export type PayloadEncoding = 'json' | 'text' | 'base64';

export interface NestedPayload {
  readonly encoding: PayloadEncoding;
  /** Text of the JSON value; for `json` the bytes of the payload. */
  readonly value: Uint8Array;
}

/** Latest time that a date with a year of four digits can show, Unix ms. */
export const DATE_MS_MAX = 253_402_300_799_999;

/** Payload of this many bytes takes at most six times as many in a text of JSON: `\u0000`. */
export const ESCAPED_BYTES_MAX = 6;
/** Beginning of a text that may be JSON. A text that certainly is not needs no parser, which is slow on mistakes. */
const JSON_START = /^[ \t\n\r]*(?:[{["\d-]|(?:true|false|null)[ \t\n\r]*$)/;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text of the payload. `undefined`: it is not UTF-8. */
export function textOf(payload: Uint8Array): string | undefined {
  try {
    return decoder.decode(payload);
  } catch {
    return undefined;
  }
}

/** Value of a text of JSON. `undefined`: it is not JSON (RFC 8259). */
function jsonIn(text: string): unknown {
  if (!JSON_START.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** JSON object in a text. `undefined`: the text is something else. */
export function objectIn(text: string): object | undefined {
  const value = jsonIn(text);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}

/** @param text text of the payload */
export function nested(payload: Uint8Array, text: string | undefined): NestedPayload {
  if (text === undefined)
    return { encoding: 'base64', value: encoder.encode(`"${Buffer.from(payload).toString('base64')}"`) };
  if (jsonIn(text) !== undefined) return { encoding: 'json', value: payload };
  return { encoding: 'text', value: encoder.encode(JSON.stringify(text)) };
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
