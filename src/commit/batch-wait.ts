/**
 * Is waiting for company worth while? A subdevice that waits for our acknowledgement is mostly silent until it has it
 * (MQTT-SN 1.2 §6.6 allows one PUBLISH at a time), so once every subdevice that has been active lately waits already,
 * nobody is left to come: waiting longer would save no commit and only hold the senders up.
 */

/** A subdevice counts as active for one to two of these. */
const ACTIVE_MS = 500;

export class BatchWait {
  readonly #waiting = new Set<string>();
  /** Two generations of who was active; nobody is in both. */
  #recent = new Set<string>();
  #older = new Set<string>();
  #turnAtMs = Number.NEGATIVE_INFINITY;

  /** @param who lane and direction; from now on it waits */
  join(who: string, nowMs: number): void {
    this.#age(nowMs);
    this.#waiting.add(who);
    this.#older.delete(who);
    this.#recent.add(who);
  }

  /** Nobody who was active lately is missing. */
  isComplete(nowMs: number): boolean {
    this.#age(nowMs);
    return this.#waiting.size >= this.#recent.size + this.#older.size;
  }

  /** The commit has left with all of them. */
  leave(): void {
    this.#waiting.clear();
  }

  #age(nowMs: number): void {
    if (nowMs < this.#turnAtMs) return;
    const isLongAgo = nowMs >= this.#turnAtMs + ACTIVE_MS;
    this.#older = isLongAgo ? new Set() : this.#recent;
    this.#recent = new Set();
    for (const who of this.#waiting) {
      this.#older.delete(who);
      this.#recent.add(who);
    }
    this.#turnAtMs = nowMs + ACTIVE_MS;
  }
}
