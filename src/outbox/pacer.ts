/**
 * Rate limit for messages to the hub: one message per interval, so that no window of one second exceeds the hub's
 * limit, wherever the window begins. A token bucket of a second would allow bursts that exceed the hub's limit.
 */

/** Share of the hub's limit that is used. The hub's clock differs from ours, and the network delivers in bursts. */
const SHARE = 0.95;
/**
 * Largest lateness of a message that the next ones make up for. Timers have whole milliseconds, and a busy gateway is
 * late by several: with a limit of 1000 messages per second half of them would be lost. 10 ms are 1 % of a second, less
 * than the share of the limit that is not used.
 */
const LATE_MS_MAX = 10;

export class Pacer {
  #intervalMs: number;
  readonly #share: number;
  #nextAtMs = Number.NEGATIVE_INFINITY;

  /** @param perS limit in messages per second; 0: no limit. @param share share of the limit that is used */
  constructor(perS: number, share = SHARE) {
    this.#share = share;
    this.#intervalMs = intervalOf(perS, share);
  }

  /** Sets the limit for the messages from now on. @param perS messages per second; 0: no limit */
  setLimit(perS: number): void {
    this.#intervalMs = intervalOf(perS, this.#share);
  }

  isOpen(nowMs: number): boolean {
    return nowMs >= this.#nextAtMs;
  }

  take(nowMs: number): void {
    if (this.#intervalMs > 0) this.#nextAtMs = Math.max(nowMs - LATE_MS_MAX, this.#nextAtMs) + this.#intervalMs;
  }

  /** Earliest time of the next message, whole monotonic ms. A time in the past means now. */
  get nextAtMs(): number {
    return Math.ceil(this.#nextAtMs); // a fraction of the size of a rounding error would be a timer for the same moment
  }

  /** Messages per second at which a backlog drains. Infinity without a limit. */
  get perS(): number {
    return this.#intervalMs === 0 ? Number.POSITIVE_INFINITY : 1000 / this.#intervalMs;
  }
}

function intervalOf(perS: number, share: number): number {
  return perS === 0 ? 0 : 1000 / (perS * share);
}
