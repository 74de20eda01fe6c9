/** A smoothed rate of a counter that only grows: exponential, with the time constant of ten seconds. */
const TIME_CONSTANT_MS = 10_000;

export class Rate {
  #perS = 0;
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
    this.#lastCount = count;
    this.#lastMs = nowMs;
  }

  /** Per second; 0 below one in a minute. */
  get perS(): number {
    return this.#perS < 1 / 60 ? 0 : this.#perS;
  }
}
