/** JSON with a largest size: entries at the end of its lists are left out and counted in the key `cut`. Pure. */

/** List with its key. The first list is the most important one. */
export type Lists = Readonly<Record<string, readonly object[]>>;

/** Characters for the number of entries left out. */
const CUT_DIGITS = 6;
const ENCODER = new TextEncoder();

/**
 * Rule: entries are taken in the order of the lists while they fit; the first that does not fit is left out with all
 * entries after it, of all lists.
 * @param fixed keys that are always present; alone they are smaller than `bytesMax`
 */
export function fittedJson(fixed: object, lists: Lists, bytesMax: number): Uint8Array {
  const kept = new Map<string, object[]>(Object.keys(lists).map((key) => [key, []]));
  const empty = JSON.stringify({ ...fixed, ...Object.fromEntries(kept), cut: 0 });
  let bytes = Buffer.byteLength(empty) + CUT_DIGITS;
  let cut = 0;
  for (const [key, entries] of Object.entries(lists)) {
    for (const entry of entries) {
      bytes += Buffer.byteLength(JSON.stringify(entry)) + 1;
      if (cut > 0 || bytes > bytesMax) cut += 1;
      else kept.get(key)?.push(entry);
    }
  }
  return ENCODER.encode(JSON.stringify({ ...fixed, ...Object.fromEntries(kept), cut }));
}
