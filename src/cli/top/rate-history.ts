/** Rates of growing counters: one sample a second, the last minute kept. */

/** Number of samples that are kept. */
export const SAMPLES_MAX = 60;

export class RateHistory {
  readonly #counters = new Map<string, { count: number; atMs: number; readonly perS: number[]; round: number }>();
  #round = 0;

  /**
   * Adds the values of all counters. A counter that is missing is forgotten. A counter that became smaller
   * has started again: its rate of this interval is 0.
   */
  add(counts: ReadonlyMap<string, number>, atMs: number): void {
    this.#round += 1;
    for (const [name, count] of counts) {
      const known = this.#counters.get(name);
      if (known === undefined) {
        this.#counters.set(name, { count, atMs, perS: [], round: this.#round });
        continue;
      }
      const seconds = (atMs - known.atMs) / 1000;
      if (seconds <= 0) continue;
      known.perS.push(Math.max(0, count - known.count) / seconds);
      if (known.perS.length > SAMPLES_MAX) known.perS.shift();
      Object.assign(known, { count, atMs, round: this.#round });
    }
    for (const [name, { round }] of this.#counters) if (round !== this.#round) this.#counters.delete(name);
  }

  /** Rates of the last samples, oldest first, per second. */
  samples(name: string): readonly number[] {
    return this.#counters.get(name)?.perS ?? [];
  }

  /** Mean rate of the last `count` samples, per second; 0: none yet. */
  mean(name: string, count: number): number {
    const last = this.samples(name).slice(-count);
    return last.length === 0 ? 0 : last.reduce((sum, rate) => sum + rate, 0) / last.length;
  }
}
