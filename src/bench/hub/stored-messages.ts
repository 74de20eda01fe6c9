/**
 * The messages a hub stores for one device: a queue with a bound on its count and on their age.
 *
 * Stands inside a session (`session.ts`). Invariants: never more than `countMax` messages; nothing older than `ageMsMax`
 * comes out; what comes out comes in the order it went in.
 *
 * Source: the hub's "Persistent session" (QoS 1 only, at most 150 per device, at most 24 h).
 */
import type { Message } from '../../base/message.ts';

export interface QueueLimits {
  readonly countMax: number;
  /** Measured from the arrival of the message. */
  readonly ageMsMax: number;
  readonly overflow: 'oldest' | 'newest';
}

export interface StoredMessage {
  readonly message: Message;
  readonly arrivedAtMs: number;
}

/** What a `put` did: stored; stored at the cost of the oldest; or the new one refused. */
export type PutOutcome = 'stored' | 'oldest dropped' | 'newest dropped';

export class StoredQueue {
  readonly #limits: QueueLimits;
  readonly #stored: StoredMessage[] = [];
  #dropped = 0;
  #expired = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** Messages given up: there was no room, or they grew too old. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Those of them that grew too old. */
  get expired(): number {
    return this.#expired;
  }

  /** Oldest first. */
  get messages(): Message[] {
    return this.#stored.map(({ message }) => message);
  }

  /** Messages not too old at `nowMs`. */
  count(nowMs: number): number {
    this.#expire(nowMs);
    return this.#stored.length;
  }

  /** @param taken places of `countMax` that something else takes up */
  put(stored: StoredMessage, nowMs: number, taken = 0): PutOutcome {
    this.#expire(nowMs);
    if (this.#stored.length + taken < this.#limits.countMax) {
      this.#stored.push(stored);
      return 'stored';
    }
    this.#dropped += 1;
    switch (this.#limits.overflow) {
      case 'newest':
        return 'newest dropped';
      case 'oldest':
        this.#stored.push(stored);
        this.#stored.shift();
        return 'oldest dropped';
    }
  }

  /** The oldest message that is not too old; it leaves the queue. */
  take(nowMs: number): StoredMessage | undefined {
    this.#expire(nowMs);
    return this.#stored.shift();
  }

  /** Everything, oldest first; the queue is empty afterwards. */
  takeAll(nowMs: number): StoredMessage[] {
    this.#expire(nowMs);
    return this.#stored.splice(0);
  }

  #expire(nowMs: number): void {
    const fresh = this.#stored.findIndex(({ arrivedAtMs }) => nowMs - arrivedAtMs <= this.#limits.ageMsMax);
    const old = this.#stored.splice(0, fresh === -1 ? this.#stored.length : fresh);
    this.#dropped += old.length;
    this.#expired += old.length;
  }
}
