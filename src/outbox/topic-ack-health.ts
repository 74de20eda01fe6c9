/**
 * Topics that the hub does not acknowledge. The hub never gives a reason (no permission, too fast, too large), so the
 * state of a topic follows from its PUBACKs:
 *
 *     trusted ──(a PUBACK is missing)──▶ suspect ──(dead letter)──▶ refused
 *        ▲──────────────── any PUBACK on the topic ────────────────────┘
 *
 * A suspect topic is trusted again when all its messages without a PUBACK were shed, since no PUBACK for them can come.
 *
 * While a topic is suspect, its later messages wait, so that the order is kept if the first one is acknowledged after
 * all. Messages of a refused topic are sent in parallel, in slots of their own, so that they block no other topic.
 * Their order is not kept. Each message has the same number of attempts as any other.
 */
import type { Row } from '../custody/row.ts';

type TopicState = 'suspect' | 'refused';

/** Largest number of topics kept. A further topic counts as trusted, which delays its lane but loses no message. */
const TOPICS_MAX = 1024;

export class TopicAckHealth {
  readonly #topics = new Map<string, TopicState>();

  stateOf(row: Row): TopicState | 'trusted' {
    if (this.#topics.size === 0) return 'trusted';
    return this.#topics.get(keyOf(row)) ?? 'trusted';
  }

  /** Topics on which the PUBACK of a message is overdue. */
  get suspects(): readonly string[] {
    const suspects = [...this.#topics].filter(([, state]) => state === 'suspect');
    return suspects.map(([key]) => key.slice(key.indexOf(' ') + 1));
  }

  doubt(row: Row): void {
    if (this.#topics.size < TOPICS_MAX && !this.#topics.has(keyOf(row))) this.#topics.set(keyOf(row), 'suspect');
  }

  refuse(row: Row): void {
    if (this.#topics.size < TOPICS_MAX || this.#topics.has(keyOf(row))) this.#topics.set(keyOf(row), 'refused');
  }

  /** Called when the doubted message is gone and will not be sent again, so no PUBACK can come. */
  clear(row: Row): void {
    if (this.#topics.get(keyOf(row)) === 'suspect') this.#topics.delete(keyOf(row));
  }

  /** Called when the hub has acknowledged a message of the topic. */
  restore(row: Row): void {
    if (this.#topics.size > 0) this.#topics.delete(keyOf(row));
  }
}

function keyOf(row: Row): string {
  return `${row.lane} ${row.topic}`;
}
