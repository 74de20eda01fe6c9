/**
 * Rate limit for messages to the hub: one message per interval, so that no window of one second exceeds the hub's
 * limit, wherever the window begins. A token bucket would allow bursts that exceed the hub's limit.
 */

/** Share of the hub's limit that is used. The hub's clock differs from ours, and the network delivers in bursts. */
const SHARE = 0.95;

export class Pacer {
  readonly #intervalMs: number;
  #nextAtMs = Number.NEGATIVE_INFINITY;

  /** @param perS the hub's limit in messages per second; 0: no limit */
  constructor(perS: number) {
    this.#intervalMs = perS === 0 ? 0 : 1000 / (perS * SHARE);
  }

  isOpen(nowMs: number): boolean {
    return nowMs >= this.#nextAtMs;
  }

  take(nowMs: number): void {
    if (this.#intervalMs > 0) this.#nextAtMs = Math.max(nowMs, this.#nextAtMs) + this.#intervalMs;
  }

  /** Earliest time of the next message, monotonic ms. A time in the past means now. */
  get nextAtMs(): number {
    return this.#nextAtMs;
  }

  /** Messages per second at which a backlog drains. Infinity without a limit. */
  get perS(): number {
    return this.#intervalMs === 0 ? Number.POSITIVE_INFINITY : 1000 / this.#intervalMs;
  }
}
