/** Content of one transaction: types and functions on them. `segments.ts` keeps the order. */
import type { Direction } from '../base/message.ts';
import type { Change } from '../custody/change.ts';
import { type Entry, rowBegin } from '../custody/entry.ts';
import { addCounts } from '../custody/ledger.ts';

export type CountChange = Extract<Change, { kind: 'count' }>;

export interface EnqueuedEntry {
  readonly direction: Direction;
  readonly entry: Entry;
}

/** Changes with a caller that waits for them. */
export interface Required {
  readonly changes: readonly Change[];
  readonly then: () => void;
}

/** One lazy change, or required changes. */
export type CommitStep = Change | Required;

export interface Segment {
  readonly number: number;
  /** Number of changes, without counters. */
  size: number;
  puts: EnqueuedEntry[];
  steps: CommitStep[];
  counts: Map<string, CountChange>;
  /** Called when everything decided up to here is durable, including puts. */
  settled: (() => void)[];
}

/** Changes that one commit takes. */
export interface Taken {
  readonly puts: readonly EnqueuedEntry[];
  readonly steps: readonly CommitStep[];
  readonly counts: ReadonlyMap<string, CountChange>;
  readonly settled: readonly (() => void)[];
  /** Segment that a piece was taken from. `undefined`: a whole segment was taken. */
  readonly segment: Segment | undefined;
}

/** Kind of commit: everything; on a full disk a piece that needs no room; or nothing, to test whether there is room. */
export type Load = 'all' | 'relief' | 'nothing';

export interface Commit {
  readonly batch: number;
  readonly load: Load;
  readonly taken: Taken;
  /** The success of this commit proves that the disk is no longer full. */
  readonly asksForRoom: boolean;
}

export const NOTHING: Taken = { puts: [], steps: [], counts: new Map(), settled: [], segment: undefined };

export function newSegment(number: number): Segment {
  return { number, size: 0, puts: [], steps: [], counts: new Map(), settled: [] };
}

/**
 * Changes in the order of their decisions. Puts come first: no put depends on another change of the same transaction.
 */
export function changesOf({ puts, steps, counts }: Taken): Change[] {
  const changes: Change[] = [];
  for (const { direction, entry } of puts) changes.push(...rowBegin(direction, entry));
  for (const step of steps) {
    if ('then' in step) changes.push(...step.changes);
    else changes.push(step);
  }
  changes.push(...counts.values());
  return changes;
}

export function isEmpty({ puts, steps, counts, settled }: Segment): boolean {
  return puts.length === 0 && steps.length === 0 && counts.size === 0 && settled.length === 0;
}

export function isWanted({ entry }: EnqueuedEntry): boolean {
  return entry.ended === undefined;
}

export function sizeOf(step: CommitStep): number {
  return 'then' in step ? step.changes.length : 1;
}

export function addTo(counts: Map<string, CountChange>, change: CountChange): void {
  const key = `${change.direction} ${change.lane}`;
  const before = counts.get(key);
  counts.set(key, before === undefined ? change : { ...change, counts: addCounts(before.counts, change.counts) });
}
