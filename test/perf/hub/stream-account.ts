/**
 * Account of the messages of one topic at the hub. Numbers run from 1 to 65,535 and then from 1 again; a number that is
 * less than half a cycle ahead of the expected one means that messages are missing, any other is an old message.
 */
import { IDS } from '../load/link-memory.ts';

export class NumberedStream {
  /** Different messages that arrived. */
  arrived = 0;
  duplicates = 0;
  /** Messages that arrived after a later one. */
  disordered = 0;
  #next = 0;
  readonly #missing = new Set<number>();

  /** Messages that were skipped and have not come since. */
  get missing(): number {
    return this.#missing.size;
  }

  arrive(number: number): void {
    const expected = (this.#next % IDS) + 1;
    const ahead = (number - expected + IDS) % IDS;
    if (ahead > IDS / 2) return this.#arriveLate(this.#next - (IDS - ahead));
    for (let skipped = 0; skipped < ahead; skipped += 1) this.#missing.add(this.#next + skipped);
    this.#next += ahead + 1;
    this.arrived += 1;
  }

  #arriveLate(place: number): void {
    if (!this.#missing.delete(place)) {
      this.duplicates += 1;
      return;
    }
    this.disordered += 1;
    this.arrived += 1;
  }
}
