/**
 * Smoothed rate of a counter that only grows: exponential mean with a time constant of ten seconds. Correct from the
 * first sample, since time before the first sample does not count.
 */
const TIME_CONSTANT_MS = 10_000;

export class Rate {
  #perS = 0;
  /** Weight of all samples, 0 to 1; the rest is the weight of the time before the first sample. */
  #weight = 0;
  #lastCount: number;
  #lastMs: number;

  constructor(count: number, nowMs: number) {
    this.#lastCount = count;
    this.#lastMs = nowMs;
  }

  sample(count: number, nowMs: number): void {
    const ms = nowMs - this.#lastMs;
    if (ms <= 0) return;
    const latest = ((count - this.#lastCount) * 1000) / ms;
    const weight = 1 - Math.exp(-ms / TIME_CONSTANT_MS);
    this.#perS += weight * (latest - this.#perS);
    this.#weight += weight * (1 - this.#weight);
    this.#lastCount = count;
    this.#lastMs = nowMs;
  }

  /** Rate per second; 0 below one per minute. */
  get perS(): number {
    const perS = this.#weight === 0 ? 0 : this.#perS / this.#weight;
    return perS < 1 / 60 ? 0 : perS;
  }
}
