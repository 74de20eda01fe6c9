/** Live counters of one direction, per lane. Loaded from the durable ledger and changed with every event. */
import { type Counts, CountsSum, imbalance, ZERO } from './ledger.ts';
import type { LaneCounts } from './row.ts';

export class LedgerCounters {
  readonly #counts = new Map<number, CountsSum>();

  constructor(durable: readonly LaneCounts[]) {
    for (const { lane, counts } of durable) this.add(lane, counts);
  }

  /** Lanes that have carried at least one message. */
  lanes(): number[] {
    return [...this.#counts.keys()];
  }

  of(lane: number): Counts {
    return this.#counts.get(lane)?.read() ?? ZERO;
  }

  add(lane: number, counts: Counts): void {
    let sum = this.#counts.get(lane);
    if (sum === undefined) {
      sum = new CountsSum();
      this.#counts.set(lane, sum);
    }
    sum.add(counts);
  }

  /** Sum of the imbalances of all lanes. A value other than 0 is a bug. */
  imbalance(pending: (lane: number) => number): number {
    let off = 0;
    for (const [lane, counts] of this.#counts) off += Math.abs(imbalance(counts, pending(lane)));
    return off;
  }
}
