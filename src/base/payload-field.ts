/**
 * Value of a field in the JSON object of a payload. Numbers keep the digits that the payload has. Pure.
 *
 * `room` is a member of the object. Of `place.room`, a member with the whole name counts first, so `1.8.0` is found; then
 * `room` in the object `place`. The payload is parsed once, only up to a bound, and each object in it is scanned once.
 */
import { isJson, membersNamed, NESTING_MAX } from './json-members.ts';

/** Largest payload that is parsed, bytes: as the largest payload of a hub by default (`hub.payload_bytes_max`). */
export const FIELD_PAYLOAD_BYTES_MAX = 262_144;
/** Largest number of names in a path. Each one costs a scan of a part of the payload. */
export const FIELD_LEVELS_MAX = 4;

/** `why`: reason in words for which there is no value. */
export type FieldValue = { readonly value: string } | { readonly why: string };

const OPENING_BRACE = 0x7b;
const WHITESPACE: readonly (number | undefined)[] = [0x20, 0x09, 0x0a, 0x0d];
const NOT_AN_OBJECT = `the payload is not a JSON object of at most ${NESTING_MAX} levels`;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Returns the values for all paths. */
export function fieldsOfPayload(payload: Uint8Array, paths: readonly string[]): ReadonlyMap<string, FieldValue> {
  const isTooLarge = payload.length > FIELD_PAYLOAD_BYTES_MAX;
  const json = isTooLarge ? undefined : objectText(payload);
  if (json !== undefined) return valuesIn(json, paths);
  const why = isTooLarge ? `the payload has more than ${FIELD_PAYLOAD_BYTES_MAX} bytes` : NOT_AN_OBJECT;
  return new Map(paths.map((path) => [path, { why }]));
}

function objectText(payload: Uint8Array): string | undefined {
  let at = 0;
  while (WHITESPACE.includes(payload[at])) at += 1;
  if (payload[at] !== OPENING_BRACE) return undefined;
  try {
    const text = decoder.decode(payload);
    return isJson(text) ? text : undefined;
  } catch {
    return undefined; // not UTF-8
  }
}

function valuesIn(json: string, paths: readonly string[]): Map<string, FieldValue> {
  const members = membersNamed(json, new Set(paths.flatMap((path) => [path, firstName(path)])));
  const values = new Map<string, FieldValue>();
  const missing = new Set<string>();
  for (const path of paths) {
    const text = members?.get(path);
    if (text !== undefined) values.set(path, scalarIn(text, path));
    else if (members?.get(firstName(path))?.startsWith('{') === true) missing.add(path);
    else values.set(path, { why: members === undefined ? NOT_AN_OBJECT : `the payload has no member "${path}"` });
  }
  for (const [first, inner] of Map.groupBy(missing, firstName)) {
    const rests = inner.map((path) => path.slice(first.length + 1));
    const found = valuesIn(members?.get(first) ?? '', rests);
    for (const rest of rests) values.set(`${first}.${rest}`, found.get(rest) ?? { why: NOT_AN_OBJECT });
  }
  return values;
}

/** Name before the first dot. */
function firstName(path: string): string {
  const dot = path.indexOf('.');
  return dot < 0 ? path : path.slice(0, dot);
}

function scalarIn(text: string, name: string): FieldValue {
  switch (text[0]) {
    case '"': {
      const value: string = JSON.parse(text);
      if (value === '') return { why: `"${name}" is empty` };
      return value.isWellFormed() ? { value } : { why: `"${name}" is not valid Unicode` };
    }
    case '{':
    case '[':
    case 'n':
      return { why: `"${name}" is not a text, a number or a boolean` };
    default:
      return { value: text };
  }
}
