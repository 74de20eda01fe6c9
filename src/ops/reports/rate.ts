/**
 * A smoothed rate of a counter that only grows: exponential, with the time constant of ten seconds; right from the first
 * sample on, since what was before the first is left out of the mean.
 */
const TIME_CONSTANT_MS = 10_000;

export class Rate {
  #perS = 0;
  /** Weight of all samples together; what is missing to 1 would be the time before the first. */
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

  /** Per second; 0 below one in a minute. */
  get perS(): number {
    const perS = this.#weight === 0 ? 0 : this.#perS / this.#weight;
    return perS < 1 / 60 ? 0 : perS;
  }
}
