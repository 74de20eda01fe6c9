/** The live books of one direction: counters per lane, loaded from the durable ledger and moved with every event. */
import { addCounts, type Counts, imbalance, ZERO } from './ledger.ts';
import type { LaneCounts } from './row.ts';

export class LedgerCounters {
  readonly #counts = new Map<number, Counts>();

  constructor(durable: readonly LaneCounts[]) {
    for (const { lane, counts } of durable) this.#counts.set(lane, counts);
  }

  /** Lanes that ever carried a message. */
  lanes(): number[] {
    return [...this.#counts.keys()];
  }

  of(lane: number): Counts {
    return this.#counts.get(lane) ?? ZERO;
  }

  add(lane: number, counts: Counts): void {
    this.#counts.set(lane, addCounts(this.of(lane), counts));
  }

  /** Sum over the lanes of what does not add up; anything but 0 is a bug. */
  imbalance(pending: (lane: number) => number): number {
    let off = 0;
    for (const [lane, counts] of this.#counts) off += Math.abs(imbalance(counts, pending(lane)));
    return off;
  }
}
