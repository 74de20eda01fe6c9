/**
 * Decisions of one life of a gateway, in order. After any end of that life the store must be the initial store with a prefix
 * of the decisions applied (docs/decisions/0018). This class taps the queue in which changes wait for a commit.
 *
 * On a full disk messages wait for room while other changes are written: then there is a prefix of the messages and a prefix
 * of the other changes, and the latter reaches at least as far.
 */

import type { Gateway } from '../../src/app/gateway.ts';
import type { EnqueuedEntry, Segments } from '../../src/commit/segments.ts';
import type { Change } from '../../src/custody/change.ts';
import { type Entry, rowBegin } from '../../src/custody/entry.ts';
import { ModelStore, type StoredState } from './stored-state.ts';

interface Decision {
  readonly changes: readonly Change[];
  /** Message that is put; `undefined`: the changes need no room. */
  readonly put: EnqueuedEntry | undefined;
  /** Position, from 1. */
  readonly place: number;
}

export class Decisions {
  readonly #begin: StoredState;
  readonly #decisions: Decision[] = [];
  /** Entries revoked because of a full disk. */
  readonly #revoked = new Set<Entry>();
  /** Number of decisions reported as durable. */
  #promised = 0;

  /** @param begin contents of the store when this life had opened it */
  constructor({ stations: { committer, uplinks, downlinks } }: Gateway, begin: StoredState) {
    this.#begin = begin;
    this.#tap(committer.waiting);
    for (const custodian of [uplinks, downlinks]) {
      const unstored = custodian.unstored.bind(custodian);
      custodian.unstored = (entry) => {
        const stays = unstored(entry);
        if (!stays) this.#revoked.add(entry);
        return stays;
      };
    }
  }

  /**
   * @param wasFull the disk was full in this life
   * @returns reason why the store is not a prefix of the decisions; `undefined`: it is
   */
  problem(store: StoredState, wasFull: boolean): string | undefined {
    const decisions = this.#decisions.filter((one) => isWritten(one, store) || !this.#isStruck(one));
    const last = decisions.findLastIndex((one) => one.put !== undefined && isWritten(one, store));
    const promised = decisions.findLastIndex(({ place }) => place <= this.#promised) + 1;
    const model = new ModelStore(this.#begin, store);
    let nearest: readonly string[] | undefined;
    let hole: string | undefined;
    for (let kept = 0; kept <= decisions.length; kept += 1) {
      if (kept >= promised && kept > last) {
        if (model.isGoal) return hole;
        if (nearest === undefined || model.differing < nearest.length) nearest = model.differences;
      }
      const decision = decisions[kept];
      if (decision === undefined) break;
      if (isWritten(decision, store)) for (const change of decision.changes) model.apply(change);
      else if (!wasFull)
        break; // nothing later may be on the disk
      else if (kept < last) hole ??= `a message was written before an older one: row ${decision.put?.entry.row.seq}`;
    }
    const where = `${promised} of ${decisions.length} decisions reported as durable, the last message is ${last + 1}`;
    return `the store is not a prefix of the decisions: ${(nearest ?? ['it contains more than the decisions']).slice(0, 3).join('; ')} (${where})`;
  }

  #isStruck({ put }: Decision): boolean {
    return put !== undefined && (put.entry.ended !== undefined || this.#revoked.has(put.entry));
  }

  #tap(waiting: Segments): void {
    const put = waiting.put.bind(waiting);
    const require = waiting.require.bind(waiting);
    const whenSettled = waiting.whenSettled.bind(waiting);
    const addLazy = waiting.addLazy.bind(waiting);
    const promise = (then: () => void): (() => void) => {
      const place = this.#decisions.length;
      return () => {
        this.#promised = Math.max(this.#promised, place);
        then();
      };
    };
    waiting.put = (enqueued) => {
      this.#note(rowBegin(enqueued.direction, enqueued.entry), enqueued);
      put(enqueued);
    };
    waiting.addLazy = (change, nowMs) => {
      this.#note([change]);
      addLazy(change, nowMs);
    };
    waiting.require = (required) => {
      this.#note(required.changes);
      const then = promise(required.then);
      require({ ...required, then });
    };
    waiting.whenSettled = (then) => whenSettled(promise(then));
  }

  #note(changes: readonly Change[], put?: EnqueuedEntry): void {
    this.#decisions.push({ changes, put, place: this.#decisions.length + 1 });
  }
}

/** Returns whether a put is written: the row is on the disk, or its entry has had its receipt. */
function isWritten({ put }: Decision, store: StoredState): boolean {
  if (put === undefined) return true;
  const { direction, entry } = put;
  return entry.keeping === 'stored' || store.has(`${direction} ${entry.row.seq}`);
}
