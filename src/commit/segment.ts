/**
 * What one transaction takes, and what it is made of. Shapes, and what can be said of them; `segments.ts` keeps them in order.
 */
import type { Direction } from '../base/message.ts';
import type { Change } from '../custody/change.ts';
import { type Entry, rowBegin } from '../custody/entry.ts';
import { addCounts } from '../custody/ledger.ts';

export type CountChange = Extract<Change, { kind: 'count' }>;

export interface EnqueuedEntry {
  readonly direction: Direction;
  readonly entry: Entry;
}

/** Changes that somebody waits for. */
export interface Required {
  readonly changes: readonly Change[];
  readonly then: () => void;
}

/** A lazy change, or required ones. */
export type CommitStep = Change | Required;

export interface Segment {
  readonly number: number;
  /** Changes in it, without counters. */
  size: number;
  puts: EnqueuedEntry[];
  steps: CommitStep[];
  counts: Map<string, CountChange>;
  /** Called when everything decided up to here is durable, puts too. */
  settled: (() => void)[];
}

/** What one commit takes. */
export interface Taken {
  readonly puts: readonly EnqueuedEntry[];
  readonly steps: readonly CommitStep[];
  readonly counts: ReadonlyMap<string, CountChange>;
  readonly settled: readonly (() => void)[];
  /** Of a piece: the segment that it is a part of. */
  readonly segment: Segment | undefined;
}

/** What a commit takes: everything, or on a full disk a piece that needs no room, or nothing, to ask whether there is room. */
export type Load = 'all' | 'relief' | 'nothing';

export interface Commit {
  readonly batch: number;
  readonly load: Load;
  readonly taken: Taken;
  /** Its success says that the disk is full no more. */
  readonly asksForRoom: boolean;
}

export const NOTHING: Taken = { puts: [], steps: [], counts: new Map(), settled: [], segment: undefined };

export function newSegment(number: number): Segment {
  return { number, size: 0, puts: [], steps: [], counts: new Map(), settled: [] };
}

/** In the order of the decisions, as far as one hangs on another: a put hangs on nothing within its own transaction. */
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
