/**
 * Changes that wait for a commit, in the order in which they were decided (docs/decisions/0018).
 *
 *     [ segment: taken by the running commit ] [ segment ] … [ segment: takes new decisions ]
 *
 * One transaction takes a whole segment. So every commit is a prefix of the decisions, and counters may be summed
 * within a segment. A put is in the segment in which its message was enqueued. If the custody of the message ends
 * before a commit takes the put, the put is omitted, and its counters are in the segment of that end. Only on a full
 * disk does a commit take a piece of a segment: changes that need no room, in their order. The puts keep their places.
 *
 * Lazy changes (mostly deletes of delivered rows) start no commit of their own until many wait or the oldest reaches an
 * age limit. This bounds the duplicates after a crash. The age limit is short at first: a gateway that keeps losing
 * power still makes progress on its backlog. Counters start no commit.
 */
import type { Direction } from '../base/message.ts';
import type { Change } from '../custody/change.ts';
import { type Entry, rowBegin } from '../custody/entry.ts';
import { ledgerId } from '../custody/lane-number.ts';
import { addCounts } from '../custody/ledger.ts';

/** Largest number of changes in one transaction, so that no receipt waits for a long burst of changes. */
const SEGMENT_CHANGES_MAX = 4096;
/**
 * Largest number of changes in one commit on a full disk: about 60 leaf pages, which are a fraction of the store's
 * reserve.
 */
const PIECE_CHANGES_MAX = 256;
/**
 * Number of lazy changes that starts a commit. This is also the largest number of duplicates after a crash while the
 * backlog drains.
 */
const LAZY_CHANGES_MIN = 512;
/**
 * Age at which lazy changes start a commit, after a start of the gateway. The age is doubled with each commit, up to
 * `LAZY_AGE_MS_MAX`, so a start costs up to seven extra commits.
 */
const LAZY_AGE_MS_MIN = 16;
const LAZY_AGE_MS_MAX = 2000;
/**
 * Number of lazy changes at which work that makes more of them must wait: about 1 MB of RAM. On a disk that stays full,
 * this is also the largest number of duplicates after a crash.
 */
export const LAZY_CHANGES_MAX = 8192;

type CountChange = Extract<Change, { kind: 'count' }>;

export interface EnqueuedEntry {
  readonly direction: Direction;
  readonly entry: Entry;
}

/** Changes for whose commit a caller waits. */
interface Required {
  readonly changes: readonly Change[];
  readonly then: () => void;
}

/** One lazy change, or required changes. */
type CommitStep = Change | Required;

interface Segment {
  readonly number: number;
  /** Number of changes, without counters. */
  size: number;
  puts: EnqueuedEntry[];
  steps: CommitStep[];
  /** Counters by the number of the lane (`ledgerId`). */
  counts: Map<number, CountChange>;
  /** Called when all decisions up to this point are durable, including puts. */
  settled: (() => void)[];
}

/** Changes that one commit takes. */
export interface Taken {
  readonly puts: readonly EnqueuedEntry[];
  readonly steps: readonly CommitStep[];
  readonly counts: ReadonlyMap<number, CountChange>;
  readonly settled: readonly (() => void)[];
  /** Segment that a piece was taken from. `undefined`: a whole segment was taken. */
  readonly segment: Segment | undefined;
}

/**
 * Content of a commit. `all`: a whole segment. `relief`: on a full disk, a piece that needs no room. `nothing`: no
 * change, to test whether there is room.
 */
export type Load = 'all' | 'relief' | 'nothing';

export const NOTHING: Taken = { puts: [], steps: [], counts: new Map(), settled: [], segment: undefined };

export class Segments {
  #segments: Segment[] = [];
  #taken: Segment | undefined;
  #number = 0;
  #puts = 0;
  #required = 0;
  #settled = 0;
  #lazy = 0;
  #oldestLazyMs: number | undefined;
  #lazyAgeMs = LAZY_AGE_MS_MIN;

  /** True if no change waits and no commit is running. */
  get isEmpty(): boolean {
    return this.#taken === undefined && this.#segments.every(isEmpty);
  }

  /** True if a waiting change needs no room on the disk. */
  get hasRelief(): boolean {
    return this.#segments.some(({ steps, counts }) => steps.length > 0 || counts.size > 0);
  }

  get hasRequired(): boolean {
    return this.#required > 0;
  }

  /** Number of waiting messages and required changes. */
  get urgent(): number {
    return this.#puts + this.#required + this.#settled;
  }

  get areManyLazy(): boolean {
    return this.#lazy >= LAZY_CHANGES_MIN;
  }

  /** True if work that makes more lazy changes must wait until a commit has taken some. */
  get isOverloaded(): boolean {
    return this.#lazy >= LAZY_CHANGES_MAX;
  }

  get lazyDueAtMs(): number | undefined {
    return this.#oldestLazyMs === undefined ? undefined : this.#oldestLazyMs + this.#lazyAgeMs;
  }

  areLazyDue(nowMs: number): boolean {
    const { lazyDueAtMs } = this;
    return this.areManyLazy || (lazyDueAtMs !== undefined && nowMs >= lazyDueAtMs);
  }

  /** Content of the next commit on a full disk. Messages are written after all earlier decisions. */
  get next(): Load {
    for (const { puts, settled, steps, counts } of this.#segments) {
      if (settled.length > 0 || puts.some(isWanted)) return 'all';
      if (steps.length > 0) return 'relief';
      if (counts.size > 0 && this.#puts > 0) return 'relief';
    }
    return 'nothing';
  }

  /** Number of the segment that the next change goes into. */
  get mark(): number {
    return this.#last().number;
  }

  /** True if the changes decided up to the time of `mark` are durable. */
  isDurable(mark: number): boolean {
    const first = this.#taken ?? this.#segments.find((segment) => !isEmpty(segment));
    return first === undefined || mark < first.number;
  }

  put(put: EnqueuedEntry): void {
    const segment = this.#last();
    segment.puts.push(put);
    segment.size += 1;
    this.#puts += 1;
  }

  require(required: Required): void {
    const segment = this.#last();
    segment.steps.push(required);
    segment.size += required.changes.length;
    this.#required += 1;
  }

  whenSettled(then: () => void): void {
    this.#last().settled.push(then);
    this.#settled += 1;
  }

  addLazy(change: Change, nowMs: number): void {
    const segment = this.#last();
    if (change.kind === 'count') return addTo(segment.counts, change);
    const before = segment.steps.at(-1);
    if (change.kind === 'hubSession' && before !== undefined && 'kind' in before && before.kind === 'hubSession') {
      // Only the last state is kept. So frequent connects and disconnects of the hub fill no RAM while the disk is
      // full.
      segment.steps[segment.steps.length - 1] = change;
      return;
    }
    segment.steps.push(change);
    segment.size += 1;
    this.#lazy += 1;
    this.#oldestLazyMs ??= nowMs;
  }

  /** Takes the whole oldest segment. A put is omitted if the custody of its message has ended. */
  take(): Taken | undefined {
    while (this.#segments[0] !== undefined && isEmpty(this.#segments[0])) this.#segments.shift();
    const segment = this.#segments.shift();
    if (segment === undefined) return undefined;
    this.#taken = segment;
    const { puts, steps, counts, settled } = segment;
    this.#puts -= puts.length;
    this.#settled -= settled.length;
    this.#leave(steps);
    return { puts: puts.filter(isWanted), steps, counts, settled, segment: undefined };
  }

  /**
   * Takes a piece that needs no room: the oldest steps. The counters of a segment are taken together with its last
   * step.
   */
  takeRelief(): Taken | undefined {
    const segment = this.#segments.find(({ steps, counts }) => steps.length > 0 || counts.size > 0);
    if (segment === undefined) return undefined;
    this.#taken = segment;
    let size = 0;
    let count = 0;
    for (const step of segment.steps) {
      if (size >= PIECE_CHANGES_MAX) break;
      size += sizeOf(step);
      count += 1;
    }
    const steps = segment.steps.splice(0, count);
    segment.size -= size;
    const isLast = segment.steps.length === 0;
    const counts = isLast ? segment.counts : new Map<number, CountChange>();
    if (isLast) segment.counts = new Map();
    this.#leave(steps);
    return { puts: [], steps, counts, settled: [], segment };
  }

  /** Called when the commit is durable. */
  done(): void {
    this.#taken = undefined;
  }

  /** Puts the taken changes back in their places, because the commit found no room. */
  returnTaken({ puts, steps, counts, segment }: Taken, nowMs: number): void {
    const before = this.#taken;
    this.#taken = undefined;
    if (segment !== undefined) {
      segment.steps = [...steps, ...segment.steps];
      for (const change of counts.values()) addTo(segment.counts, change);
    } else if (before !== undefined) {
      this.#segments.unshift({ ...before, puts: [...puts] });
      this.#puts += puts.length;
      this.#settled += before.settled.length;
    }
    for (const step of steps) {
      if ('then' in step) this.#required += 1;
      else this.#lazy += 1;
    }
    if (this.#lazy > 0) this.#oldestLazyMs ??= nowMs;
  }

  /** Removes the puts that do not continue to wait. */
  keepPuts(isWaiting: (put: EnqueuedEntry) => boolean): void {
    for (const segment of [...this.#segments]) {
      const waiting = segment.puts.filter(isWaiting);
      this.#puts -= segment.puts.length - waiting.length;
      segment.puts = waiting;
    }
  }

  #leave(steps: readonly CommitStep[]): void {
    const lazyBefore = this.#lazy;
    for (const step of steps) {
      if ('then' in step) this.#required -= 1;
      else this.#lazy -= 1;
    }
    if (this.#lazy < lazyBefore) this.#lazyAgeMs = Math.min(this.#lazyAgeMs * 2, LAZY_AGE_MS_MAX);
    if (this.#lazy === 0) this.#oldestLazyMs = undefined;
  }

  /** Segment that takes the next decision. */
  #last(): Segment {
    const last = this.#segments.at(-1);
    if (last !== undefined && last.size < SEGMENT_CHANGES_MAX) return last;
    this.#number += 1;
    const segment = newSegment(this.#number);
    this.#segments.push(segment);
    return segment;
  }
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

function newSegment(number: number): Segment {
  return { number, size: 0, puts: [], steps: [], counts: new Map(), settled: [] };
}

function isEmpty({ puts, steps, counts, settled }: Segment): boolean {
  return puts.length === 0 && steps.length === 0 && counts.size === 0 && settled.length === 0;
}

function isWanted({ entry }: EnqueuedEntry): boolean {
  return entry.ended === undefined;
}

function sizeOf(step: CommitStep): number {
  return 'then' in step ? step.changes.length : 1;
}

function addTo(counts: Map<number, CountChange>, change: CountChange): void {
  const key = ledgerId(change.direction, change.lane);
  const before = counts.get(key);
  counts.set(key, before === undefined ? change : { ...change, counts: addCounts(before.counts, change.counts) });
}
