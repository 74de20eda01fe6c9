/** Limit of events over time: a burst of `size`, then one in each `refillMs`. */
export class TokenBucket {
  readonly #size: number;
  readonly #refillMs: number;
  #tokens: number;
  #atMs: number | undefined;

  constructor(size: number, refillMs: number) {
    this.#size = size;
    this.#refillMs = refillMs;
    this.#tokens = size;
  }

  isReady(nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#tokens >= 1;
  }

  take(nowMs: number): boolean {
    if (!this.isReady(nowMs)) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Monotonic ms of the next event that the limit allows. */
  nextAtMs(nowMs: number): number {
    this.#refill(nowMs);
    return Math.ceil(nowMs + Math.max(0, 1 - this.#tokens) * this.#refillMs);
  }

  #refill(nowMs: number): void {
    const passedMs = nowMs - (this.#atMs ?? nowMs);
    this.#atMs = nowMs;
    this.#tokens = Math.min(this.#size, this.#tokens + passedMs / this.#refillMs);
  }
}
