/** Bound of a rate in bytes per second: a token bucket whose tokens may be taken in advance. */

/** Time without traffic that may be made up for later, ms. */
const BURST_MS = 250;

export class ByteRate {
  readonly #bytesPerS: number;
  readonly #nowMs: () => number;
  /** Time at which the bytes until now are within the rate. */
  #freeAtMs: number;

  /** @param nowMs monotonic ms; replaced in tests only */
  constructor(bytesPerS: number, nowMs: () => number = () => performance.now()) {
    this.#bytesPerS = bytesPerS;
    this.#nowMs = nowMs;
    this.#freeAtMs = nowMs();
  }

  /** Counts bytes that have arrived. @returns the time to wait before the next ones, ms */
  take(bytes: number): number {
    const nowMs = this.#nowMs();
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs - BURST_MS) + (bytes * 1000) / this.#bytesPerS;
    return Math.max(0, this.#freeAtMs - nowMs);
  }
}
