/** A manual clock and a store that answers on command, as dependencies of the flows. */

import { Committer } from '../../../src/commit/committer.ts';
import type { Change } from '../../../src/custody/change.ts';
import type { LetterPage } from '../../../src/custody/dead-letter.ts';
import { type Entry, newEntry } from '../../../src/custody/entry.ts';
import type { MessagePage } from '../../../src/custody/message-page.ts';
import type { RowPage } from '../../../src/custody/row.ts';
import type { Cancel, Clock, Store } from '../../../src/ports.ts';
import { Mailbox } from '../../../src/runtime/mailbox.ts';
import { rowOf } from '../custody/custody-rig.ts';

export class StepClock implements Clock {
  /** False: no timer fires, as if the timers of the process did not work. */
  timersFire = true;
  #nowMs = 1000;
  #alarms: { readonly atMs: number; readonly wake: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 0;
  }

  wakeAt(atMs: number, wake: () => void): Cancel {
    const alarm = { atMs, wake };
    this.#alarms.push(alarm);
    return () => {
      this.#alarms = this.#alarms.filter((other) => other !== alarm);
    };
  }

  /** Advances by `ms`, and fires the timers that are due. */
  pass(ms: number): void {
    const endMs = this.#nowMs + ms;
    while (this.timersFire) {
      const next = this.#alarms.toSorted((left, right) => left.atMs - right.atMs)[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#alarms = this.#alarms.filter((other) => other !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.wake();
    }
    this.#nowMs = endMs;
  }
}

export interface Written {
  readonly batch: number;
  readonly changes: readonly Change[];
}

const EMPTY_PAGE: RowPage = { rows: [], scannedTo: 0, atEnd: false, damaged: [] };

export class StepStore implements Store {
  readonly commits: Written[] = [];

  commit(batch: number, changes: readonly Change[]): void {
    this.commits.push({ batch, changes });
  }

  get last(): Written {
    const last = this.commits.at(-1);
    if (last === undefined) throw new Error('nothing was committed');
    return last;
  }

  async page(): Promise<RowPage> {
    return EMPTY_PAGE;
  }

  async tally(): Promise<never> {
    throw new Error('not implemented in this store');
  }

  async history(): Promise<never> {
    throw new Error('not implemented in this store');
  }

  async letters(): Promise<LetterPage> {
    return { letters: [], kept: 0, newest: 0, dead: 0 };
  }

  async still(): Promise<never> {
    throw new Error('not implemented in this store');
  }

  async messages(): Promise<MessagePage> {
    return { rows: [], damaged: [], scanned: 0, scannedTo: 0, atEnd: true };
  }

  async close(): Promise<void> {}
}

/** A committer on both. */
export class CommitBench {
  readonly clock = new StepClock();
  readonly store = new StepStore();
  readonly mailbox = new Mailbox((error) => {
    throw error;
  });
  readonly stored: Entry[] = [];
  readonly fullness: boolean[] = [];
  readonly committer: Committer;
  #seq = 0;

  constructor() {
    this.committer = new Committer({
      clock: this.clock,
      mailbox: this.mailbox,
      stored: (_, entry) => this.stored.push(entry),
      unstored: (_, entry) => entry.ended === undefined,
      fullChanged: (isFull) => this.fullness.push(isFull),
    });
    this.committer.attach(this.store);
  }

  /** Enqueues messages without an ack waiter, in one task. */
  enqueue(count: number, patienceMs: number): Entry[] {
    const entries = Array.from({ length: count }, () => this.entry());
    const byMs = this.clock.nowMs() + patienceMs;
    this.mailbox.post(() => {
      for (const entry of entries) this.committer.enqueue('uplink', entry, byMs);
    });
    return entries;
  }

  /** Message. @param isAwaited true if its sender waits for the acknowledgement */
  entry(lane = 1, isAwaited = false): Entry {
    this.#seq += 1;
    return newEntry(rowOf(this.#seq, lane), isAwaited ? { safe: () => {} } : undefined);
  }

  receipt(): void {
    const { batch } = this.store.last;
    this.mailbox.post(() => this.committer.committed(batch));
  }

  full(): void {
    const { batch } = this.store.last;
    this.mailbox.post(() => this.committer.full(batch));
  }

  /** Numbers of the messages in the last commit. */
  get put(): number[] {
    return this.store.last.changes.flatMap((change) => (change.kind === 'put' ? [change.row.seq] : []));
  }
}
