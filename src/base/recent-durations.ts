/** Newest durations of a kind, for their present median and tail. Bounded, for durations of every message. */
export class RecentDurations {
  readonly #ms: Float64Array;
  #count = 0;

  /** @param max number of durations kept */
  constructor(max: number) {
    this.#ms = new Float64Array(max);
  }

  /** Number of durations kept. */
  get size(): number {
    return Math.min(this.#count, this.#ms.length);
  }

  add(ms: number): void {
    this.#ms[this.#count % this.#ms.length] = ms;
    this.#count += 1;
  }

  /** @param shares e.g. 0.5. @returns durations that these shares did not exceed; `undefined`: none was added */
  quantiles(...shares: readonly number[]): number[] | undefined {
    const { size } = this;
    if (size === 0) return undefined;
    const sorted = this.#ms.slice(0, size).sort();
    return shares.map((share) => sorted[Math.max(0, Math.ceil(share * size) - 1)] ?? 0);
  }
}
