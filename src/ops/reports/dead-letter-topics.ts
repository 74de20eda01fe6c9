/**
 * Topics of the dead letters, for the status: read from the store at the start and after each command, then kept up to
 * date.
 */
import type { Facts } from '../../base/events.ts';
import type { Store } from '../../ports.ts';

/** Largest number of dead letters that are read, the newest ones; `holdfast dead-letters list` shows all. */
const LETTERS_MAX = 200;
/** Largest number of topics kept. */
const TOPICS_MAX = 64;

export class DeadLetterTopics {
  readonly #store: Pick<Store, 'letters'>;
  /** Topics in order of their last dead letter. */
  #topics = new Set<string>();

  constructor(facts: Facts, store: Pick<Store, 'letters'>) {
    this.#store = store;
    facts.on('uplinkDeadLettered', ({ topic }) => this.#add(topic));
    facts.on('deadLettersRetried', () => this.#read());
    facts.on('deadLettersDropped', () => this.#read());
    this.#read();
  }

  /** Newest first. */
  get newest(): readonly string[] {
    return [...this.#topics].toReversed();
  }

  #read(): void {
    this.#topics = new Set();
    // A failing store is reported elsewhere.
    void this.#load().catch(() => undefined);
  }

  async #load(): Promise<void> {
    const { newest } = await this.#store.letters({ after: Number.MAX_SAFE_INTEGER, limit: 1 });
    const { letters } = await this.#store.letters({ after: Math.max(0, newest - LETTERS_MAX), limit: LETTERS_MAX });
    const since = this.#topics;
    this.#topics = new Set();
    for (const topic of [...letters.map(({ row }) => row.topic), ...since]) this.#add(topic);
  }

  #add(topic: string): void {
    this.#topics.delete(topic);
    this.#topics.add(topic);
    const [oldest] = this.#topics;
    if (oldest !== undefined && this.#topics.size > TOPICS_MAX) this.#topics.delete(oldest);
  }
}
