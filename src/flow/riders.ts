/**
 * Changes that need no commit of their own: they ride along with the next one. Deletes of delivered rows are the bulk;
 * they force a commit when many have gathered or when they grow old, which bounds the duplicates after a crash. At first
 * they grow old soon: whoever dies young again and again, on a bad supply, still gets on with its backlog each time.
 * Counters of messages that never touched the disk force nothing: a crash may forget them, in pairs.
 */

import type { Change } from '../custody/change.ts';
import { addCounts } from '../custody/ledger.ts';

/** At most so many duplicates after a crash in the middle of a replay. */
const MANY = 512;
/** Doubled with each commit: a start costs seven commits more than it had to. */
const OLD_MS_MIN = 16;
const OLD_MS_MAX = 2000;
/** About 1 MB of RAM, and what a disk that stays full makes come twice after a crash. */
const TOO_MANY = 8192;

type CountChange = Extract<Change, { kind: 'count' }>;

export class Riders {
  readonly #counts = new Map<string, CountChange>();
  #others: Change[] = [];
  #oldestMs: number | undefined;
  #oldMs = OLD_MS_MIN;

  get isEmpty(): boolean {
    return this.#counts.size === 0 && this.#others.length === 0;
  }

  get areMany(): boolean {
    return this.#others.length >= MANY;
  }

  /** So many that nothing should be done that makes more of them, until a commit has taken some. */
  get areTooMany(): boolean {
    return this.#others.length >= TOO_MANY;
  }

  get dueAtMs(): number | undefined {
    return this.#oldestMs === undefined ? undefined : this.#oldestMs + this.#oldMs;
  }

  areDue(nowMs: number): boolean {
    return this.areMany || (this.dueAtMs !== undefined && nowMs >= this.dueAtMs);
  }

  add(change: Change, nowMs: number): void {
    if (change.kind === 'count') {
      const key = `${change.direction} ${change.lane}`;
      const before = this.#counts.get(key);
      this.#counts.set(
        key,
        before === undefined ? change : { ...change, counts: addCounts(before.counts, change.counts) },
      );
      return;
    }
    if (change.kind === 'hubSession') this.#others = this.#others.filter(({ kind }) => kind !== 'hubSession');
    this.#others.push(change);
    this.#oldestMs ??= nowMs;
  }

  /** @param most bound of the transaction; counters always fit, there is one per lane and direction */
  take(most: number): Change[] {
    const taken = this.#others.splice(0, most);
    if (taken.length > 0) this.#oldMs = Math.min(this.#oldMs * 2, OLD_MS_MAX);
    taken.push(...this.#counts.values());
    this.#counts.clear();
    if (this.#others.length === 0) this.#oldestMs = undefined;
    return taken;
  }

  /** The commit found no room: they come before what has gathered since. */
  giveBack(taken: readonly Change[], nowMs: number): void {
    const since = this.#others;
    this.#others = [];
    for (const change of [...taken, ...since]) this.add(change, nowMs);
  }
}
