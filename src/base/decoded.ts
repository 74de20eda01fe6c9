/**
 * Result of decoding input from outside. Invalid input is a value and never an exception. The code that receives the
 * input counts it.
 */
export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string; readonly tag?: string };

export function decoded<T>(value: T): Decoded<T> {
  return { ok: true, value };
}

/**
 * @param problem what is wrong with the bytes, in words
 * @param tag statement of the standard that the bytes violate, e.g. `MQTT-2.3.1-1`
 */
export function undecodable<T>(problem: string, tag?: string): Decoded<T> {
  return tag === undefined ? { ok: false, problem } : { ok: false, problem, tag };
}
