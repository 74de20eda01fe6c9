/** Limit of messages per second, as a hub counts the messages: a second begins with its first message. */

const SECOND_MS = 1000;

export class RateLimit {
  readonly #perSecond: number;
  #fromMs = Number.NEGATIVE_INFINITY;
  #count = 0;

  /** @param perSecond 0: no limit */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Counts one more message. `false`: the limit of the present second was reached already. */
  admits(nowMs: number): boolean {
    if (nowMs - this.#fromMs >= SECOND_MS) {
      this.#fromMs = nowMs;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#perSecond === 0 || this.#count <= this.#perSecond;
  }

  /** End of the present second. */
  get endMs(): number {
    return this.#fromMs + SECOND_MS;
  }
}
