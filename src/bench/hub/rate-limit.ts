/** A ceiling of so many per second, as a hub counts it: by the second that begins with the first of them. */

const SECOND_MS = 1000;

export class RateLimit {
  readonly #perSecond: number;
  #fromMs = Number.NEGATIVE_INFINITY;
  #count = 0;

  /** @param perSecond 0: no ceiling */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Counts one more. `false`: there were as many in this second already. */
  admits(nowMs: number): boolean {
    if (nowMs - this.#fromMs >= SECOND_MS) {
      this.#fromMs = nowMs;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#perSecond === 0 || this.#count <= this.#perSecond;
  }

  /** When the current second is over. */
  get endMs(): number {
    return this.#fromMs + SECOND_MS;
  }
}
