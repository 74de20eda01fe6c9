/**
 * Topics the hub does not acknowledge. It never says why (no permission, too fast, too large), so it is learnt:
 *
 *     trusted ──(a PUBACK is missing)──▶ suspect ──(the message is dead)──▶ refused
 *        ▲────────────────── any PUBACK on the topic ─────────────────────────┘
 *
 * A suspect topic whose doubted messages were all shed meanwhile is trusted again: no PUBACK of them can come.
 *
 * While a topic is suspect its later messages wait, so that order is kept if the first gets through after all. Once it
 * is refused they go side by side, in slots of their own: there is no order to keep, and they must block nobody. Each
 * has as many attempts as any other message.
 */
import type { Row } from '../custody/row.ts';

type TopicState = 'suspect' | 'refused';

/** Topics remembered; beyond, a topic counts as trusted and costs its lane some waiting, never a message. */
const TOPICS_MAX = 1024;

export class TopicAckHealth {
  readonly #topics = new Map<string, TopicState>();

  standing(row: Row): TopicState | 'trusted' {
    if (this.#topics.size === 0) return 'trusted';
    return this.#topics.get(keyOf(row)) ?? 'trusted';
  }

  /** Topics on which a message waits for its PUBACK beyond the time for it. */
  get suspects(): readonly string[] {
    const suspects = [...this.#topics].filter(([, standing]) => standing === 'suspect');
    return suspects.map(([key]) => key.slice(key.indexOf(' ') + 1));
  }

  doubt(row: Row): void {
    if (this.#topics.size < TOPICS_MAX && !this.#topics.has(keyOf(row))) this.#topics.set(keyOf(row), 'suspect');
  }

  refuse(row: Row): void {
    if (this.#topics.size < TOPICS_MAX || this.#topics.has(keyOf(row))) this.#topics.set(keyOf(row), 'refused');
  }

  /** The message that was doubted is gone and will not be tried again: nothing is left to wait for. */
  clear(row: Row): void {
    if (this.#topics.get(keyOf(row)) === 'suspect') this.#topics.delete(keyOf(row));
  }

  /** The hub has acknowledged a message of the topic. */
  restore(row: Row): void {
    if (this.#topics.size > 0) this.#topics.delete(keyOf(row));
  }
}

function keyOf(row: Row): string {
  return `${row.lane} ${row.topic}`;
}
