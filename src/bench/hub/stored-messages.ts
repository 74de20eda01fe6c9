/**
 * Messages that a hub stores for one device: a queue with limits on count and age.
 *
 * Used inside a session (`client-session.ts`). Invariants: never more than `countMax` messages; no message older than
 * `ageMsMax` is returned; messages are returned in the order of `put`.
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

/** Result of `put`: stored; stored after dropping the oldest; or the new one dropped. */
export type PutOutcome = 'stored' | 'oldest dropped' | 'newest dropped';

export class StoredQueue {
  readonly #limits: QueueLimits;
  readonly #stored: StoredMessage[] = [];
  #dropped = 0;
  #expired = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** Messages dropped because of missing room or age. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Number of the dropped messages that expired. */
  get expired(): number {
    return this.#expired;
  }

  /** Oldest first. */
  get messages(): Message[] {
    return this.#stored.map(({ message }) => message);
  }

  /** Messages that have not expired at `nowMs`. */
  count(nowMs: number): number {
    this.#expire(nowMs);
    return this.#stored.length;
  }

  /** @param taken places of `countMax` in use by unacknowledged messages */
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

  /** Removes and returns the oldest message that has not expired. */
  take(nowMs: number): StoredMessage | undefined {
    this.#expire(nowMs);
    return this.#stored.shift();
  }

  /** Removes and returns all messages, oldest first. */
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
