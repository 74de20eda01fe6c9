/**
 * State that can be saved and restored, so that a recording can begin while a machine runs.
 *
 * A snapshot consists of plain values: numbers, strings, booleans, `undefined`, byte arrays, arrays, Maps and plain
 * objects of these. Options and random numbers are not part of it. The restored object must have been built with the
 * same options.
 */
export interface Restorable<Snapshot> {
  /** Copy, or values that never change. Later steps do not modify it. */
  snapshot(): Snapshot;

  /** Allowed only on a new object, before its first step. The object then acts as the saved one would have. */
  restore(snapshot: Snapshot): void;
}
