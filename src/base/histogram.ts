/**
 * Distribution of durations in 65 fixed buckets from 1 ms to 65 s. The upper bound of each bucket is about a fifth
 * higher than that of the previous one.
 */

/** The upper bound of bucket n is 2^(n/4) ms. */
const BUCKETS_PER_DOUBLING = 4;
const BUCKETS = 64;

export class Histogram {
  readonly #counts = new Array<number>(BUCKETS + 1).fill(0);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  record(ms: number): void {
    const bucket = Math.ceil(Math.log2(Math.max(1, ms)) * BUCKETS_PER_DOUBLING);
    const index = Math.min(bucket, BUCKETS);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total += 1;
  }

  /**
   * @param share e.g. 0.99
   * @returns duration in ms that this share of the durations did not exceed; the value is at most a fifth too high;
   * `undefined`: no duration was recorded
   */
  quantile(share: number): number | undefined {
    if (this.#total === 0) return undefined;
    let below = 0;
    const bucket = this.#counts.findIndex((count) => {
      below += count;
      return below >= share * this.#total;
    });
    return 2 ** (bucket / BUCKETS_PER_DOUBLING);
  }
}
