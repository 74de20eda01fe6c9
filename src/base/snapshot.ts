/**
 * State that can be written down and taken back: what lets a recording begin in the middle of a machine's life.
 *
 * A snapshot is plain values: numbers, strings, booleans, `undefined`, byte arrays, arrays, Maps and plain objects of these.
 * Options are not in it, nor chance: who takes it back has been built with the same ones.
 */
export interface Restorable<Snapshot> {
  /** A copy, or values that nobody changes: later steps leave it as it is. */
  snapshot(): Snapshot;

  /** Only into a new one, before its first step. From then on it acts as the one that was written down would have. */
  restore(snapshot: Snapshot): void;
}
