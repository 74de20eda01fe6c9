/**
 * Shadow of one device: its reported state, its desired state, the time of each value, and a version. Pure.
 *
 * A patch is merged key by key: null deletes the key, and an array replaces the whole previous array. `delta` is
 * computed and never stored.
 *
 * Source: the IoT hub's page "Device shadow in detail".
 */
import type { Json, JsonObject } from '../../../base/json-value.ts';
export type Section = 'reported' | 'desired';

/** Changes by section. `null` clears the section. */
export type Patch = Readonly<Partial<Record<Section, JsonObject | null>>>;

export interface ShadowDocument {
  readonly state: Readonly<Partial<Record<Section, JsonObject>>>;
  /** Same structure as `state`, with `{"timestamp": Unix ms}` in place of each value. */
  readonly metadata: Readonly<Partial<Record<Section, JsonObject>>>;
  readonly version: number;
}

export const EMPTY_SHADOW: ShadowDocument = { state: {}, metadata: {}, version: 0 };

const DOCUMENT_BYTES_MAX = 16 * 1024;
const DEPTH_MAX = 5;

/** Returns the next version of the document. `undefined`: the result is too large or nested too deeply. */
export function patched(document: ShadowDocument, patch: Patch, wallMs: number): ShadowDocument | undefined {
  const state = { ...document.state };
  const metadata = { ...document.metadata };
  for (const section of ['reported', 'desired'] as const) {
    const change = patch[section];
    if (change === undefined) continue;
    if (change === null) {
      delete state[section];
      delete metadata[section];
      continue;
    }
    if (depthOf(change) > DEPTH_MAX) return undefined;
    state[section] = merge(state[section] ?? {}, change);
    metadata[section] = merge(metadata[section] ?? {}, stamped(change, wallMs));
  }
  const next = { state, metadata, version: document.version + 1 };
  return Buffer.byteLength(JSON.stringify(next)) > DOCUMENT_BYTES_MAX ? undefined : next;
}

/** Returns the desired values that differ from the reported ones. `undefined`: none. */
export function deltaOf({ state }: ShadowDocument): JsonObject | undefined {
  return difference(state.desired ?? {}, state.reported ?? {});
}

/** Returns the change with each value replaced by its time. A deletion stays a deletion. */
export function stamped(change: JsonObject, wallMs: number): JsonObject {
  return mapValues(change, (value) => {
    if (isObject(value)) return stamped(value, wallMs);
    return value === null ? null : { timestamp: wallMs };
  });
}

function merge(target: JsonObject, change: JsonObject): JsonObject {
  const merged = new Map(Object.entries(target));
  for (const [key, value] of Object.entries(change)) {
    const before = merged.get(key);
    if (value === null) merged.delete(key);
    else merged.set(key, isObject(value) ? merge(isObject(before) ? before : {}, value) : value);
  }
  return Object.fromEntries(merged);
}

function difference(desired: JsonObject, reported: JsonObject): JsonObject | undefined {
  const entries = Object.entries(desired).flatMap(([key, value]): [string, Json][] => {
    const actual = reported[key];
    if (isObject(value) && isObject(actual)) {
      const deeper = difference(value, actual);
      return deeper === undefined ? [] : [[key, deeper]];
    }
    return JSON.stringify(value) === JSON.stringify(actual) ? [] : [[key, value]];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/**
 * Returns the depth of nesting: 1 for an object of plain values. The count stops above the limit, so that deep nesting
 * cannot exhaust the stack.
 */
function depthOf(value: Json, at = 0): number {
  if (typeof value !== 'object' || value === null || at > DEPTH_MAX) return at;
  return Object.values(value).reduce<number>((deepest, inner) => Math.max(deepest, depthOf(inner, at + 1)), at + 1);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mapValues(object: JsonObject, change: (value: Json) => Json): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}
