/**
 * The rate we hold ourselves to: one message per interval, so that in no window of a second the hub's ceiling is passed,
 * wherever the window begins. A burst would be allowed by a bucket and counted against us by the hub.
 */

/** Share of the ceiling we use: the hub's second is not ours, and bytes bunch up on the way. */
const SHARE = 0.95;

export class Pacer {
  readonly #intervalMs: number;
  #nextAtMs = Number.NEGATIVE_INFINITY;

  /** @param perS the hub's ceiling in messages per second; 0 = none */
  constructor(perS: number) {
    this.#intervalMs = perS === 0 ? 0 : 1000 / (perS * SHARE);
  }

  isOpen(nowMs: number): boolean {
    return nowMs >= this.#nextAtMs;
  }

  take(nowMs: number): void {
    if (this.#intervalMs > 0) this.#nextAtMs = Math.max(nowMs, this.#nextAtMs) + this.#intervalMs;
  }

  /** When the next message may go; in the past: now. */
  get nextAtMs(): number {
    return this.#nextAtMs;
  }

  /** Messages per second at which a backlog drains; Infinity without a ceiling. */
  get perS(): number {
    return this.#intervalMs === 0 ? Number.POSITIVE_INFINITY : 1000 / this.#intervalMs;
  }
}
