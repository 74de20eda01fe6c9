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
  /** Largest age of a message, counted from its arrival. */
  readonly ageMsMax: number;
  readonly overflow: 'oldest' | 'newest';
}

export interface StoredMessage {
  readonly message: Message;
  readonly arrivedAtMs: number;
}

/** Result of `put`: the message was stored, or stored after the oldest was dropped, or the new message was dropped. */
export type PutOutcome = 'stored' | 'oldest dropped' | 'newest dropped';

export class StoredQueue {
  readonly #limits: QueueLimits;
  readonly #stored: StoredMessage[] = [];
  #dropped = 0;
  #expired = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** Number of messages that were dropped because the queue was full or because of their age. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Number of the dropped messages that expired. */
  get expired(): number {
    return this.#expired;
  }

  /** Stored messages, oldest first. */
  get messages(): Message[] {
    return this.#stored.map(({ message }) => message);
  }

  /** Number of messages that have not expired at `nowMs`. */
  count(nowMs: number): number {
    this.#expire(nowMs);
    return this.#stored.length;
  }

  /** Adds a message. @param taken places of `countMax` that unacknowledged messages occupy */
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
