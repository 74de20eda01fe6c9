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

type Standing = 'suspect' | 'refused';

/** Topics remembered; beyond, a topic counts as trusted and costs its lane some waiting, never a message. */
const TOPICS_MAX = 1024;

export class Trust {
  readonly #standings = new Map<string, Standing>();

  standing(row: Row): Standing | 'trusted' {
    if (this.#standings.size === 0) return 'trusted';
    return this.#standings.get(keyOf(row)) ?? 'trusted';
  }

  /** Topics on which a message waits for its PUBACK beyond the time for it. */
  get suspects(): readonly string[] {
    const suspects = [...this.#standings].filter(([, standing]) => standing === 'suspect');
    return suspects.map(([key]) => key.slice(key.indexOf(' ') + 1));
  }

  doubt(row: Row): void {
    if (this.#standings.size < TOPICS_MAX && !this.#standings.has(keyOf(row)))
      this.#standings.set(keyOf(row), 'suspect');
  }

  refuse(row: Row): void {
    if (this.#standings.size < TOPICS_MAX || this.#standings.has(keyOf(row)))
      this.#standings.set(keyOf(row), 'refused');
  }

  /** The message that was doubted is gone and will not be tried again: nothing is left to wait for. */
  giveBenefit(row: Row): void {
    if (this.#standings.get(keyOf(row)) === 'suspect') this.#standings.delete(keyOf(row));
  }

  /** The hub has acknowledged a message of the topic. */
  restore(row: Row): void {
    if (this.#standings.size > 0) this.#standings.delete(keyOf(row));
  }
}

function keyOf(row: Row): string {
  return `${row.lane} ${row.topic}`;
}
