/**
 * Changes of subdevices' sessions, and the answers that wait for them. No answer promises a change that a power failure
 * could undo. A request without changes is answered as soon as the earlier changes of its session are durable. Usually
 * they are already durable.
 */
import type { Change } from '../custody/change.ts';
import type { Clock } from '../ports.ts';
import type { Committer } from './committer.ts';

interface SessionChangesOptions {
  readonly clock: Clock;
  readonly committer: Committer;
  readonly commitMs: number;
}

export class SessionChanges {
  readonly #options: SessionChangesOptions;
  /** Lane → segment number of its last required change. */
  readonly #marks = new Map<number, number>();

  constructor(options: SessionChangesOptions) {
    this.#options = options;
  }

  /** Adds changes that no answer promises. These changes keep their place in the order of the decisions. */
  addLazy(changes: readonly Change[]): void {
    for (const change of changes) this.#options.committer.addLazy(change);
  }

  /**
   * @param then called when these and all earlier required changes of the session are durable, or at once if they are
   * durable already
   */
  require(lane: number, changes: readonly Change[], then: () => void): void {
    const { committer, clock, commitMs } = this.#options;
    const mark = this.#marks.get(lane);
    if (changes.length === 0 && (mark === undefined || committer.waiting.isDurable(mark))) return then();
    committer.require(changes, clock.nowMs() + commitMs, then);
    this.#marks.set(lane, committer.waiting.mark);
  }
}
