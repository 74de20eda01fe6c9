/**
 * Restart times of a link whose machine threw: soon at first, later each time. A link that keeps throwing is nearly
 * stopped, while other links continue.
 */

/** Faults in a row after which the pause begins to grow. */
const SOON_MAX = 3;
const PAUSE_MS = 1000;
const PAUSE_MS_MAX = 3_600_000;
/** Time without a fault after which the count starts again. */
const FORGIVEN_AFTER_MS = 3_600_000;

export class LinkRestarts {
  #faults = 0;
  #lastAtMs = Number.NEGATIVE_INFINITY;

  /** @returns monotonic ms at which the link may start again */
  fault(nowMs: number): number {
    if (nowMs - this.#lastAtMs >= FORGIVEN_AFTER_MS + PAUSE_MS_MAX) this.#faults = 0;
    this.#faults += 1;
    this.#lastAtMs = nowMs;
    return nowMs + Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** Math.max(0, this.#faults - SOON_MAX));
  }
}
