/** Bad input from outside is a value, counted where it arrives, never thrown. */
export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string; readonly tag?: string };

export function decoded<T>(value: T): Decoded<T> {
  return { ok: true, value };
}

/**
 * @param problem what is wrong with the bytes, in words
 * @param tag the statement of the standard that they break, e.g. `MQTT-2.3.1-1`
 */
export function undecodable<T>(problem: string, tag?: string): Decoded<T> {
  return tag === undefined ? { ok: false, problem } : { ok: false, problem, tag };
}
