/**
 * Decision whether a commit should wait for more changes. A subdevice that waits for our acknowledgement usually sends
 * nothing until it has it (MQTT-SN 1.2 §6.6 allows one PUBLISH at a time). So once all recently active subdevices wait,
 * no further change is to be expected: a longer wait would save no commit and would only delay the senders. PostgreSQL:
 * `commit_siblings`.
 */

/** Length of one generation. A subdevice counts as active for one to two generations. */
const ACTIVE_MS = 500;

export class BatchWait {
  readonly #waiting = new Set<string>();
  /** Two generations of active lanes. No lane is in both. */
  #recent = new Set<string>();
  #older = new Set<string>();
  #turnAtMs = Number.NEGATIVE_INFINITY;

  /** Adds a lane that waits from now on. @param who lane and direction */
  join(who: string, nowMs: number): void {
    this.#age(nowMs);
    this.#waiting.add(who);
    this.#older.delete(who);
    this.#recent.add(who);
  }

  /** Whether all recently active lanes are waiting. */
  isComplete(nowMs: number): boolean {
    this.#age(nowMs);
    return this.#waiting.size >= this.#recent.size + this.#older.size;
  }

  /** Empties the wait list: the commit has started with all its lanes. */
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
