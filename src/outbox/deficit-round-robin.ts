/**
 * Fairness over subdevices: deficit round robin. Whoever floods the outbox waits for nobody else and makes nobody wait;
 * a lane with small messages gets as many bytes as one with large ones.
 * Source: Shreedhar and Varghese, "Efficient Fair Queuing using Deficit Round Robin", 1995.
 */
import type { Entry } from '../custody/entry.ts';

/** Bytes a lane may send per round: a handful of telemetry messages. */
const QUANTUM_BYTES = 1024;

export class DeficitRoundRobin {
  #round: number[] = [];
  readonly #deficits = new Map<number, number>();

  /** The lane may have something to send; joins at the end of the round unless it is in it. */
  join(lane: number): void {
    if (this.#deficits.has(lane)) return;
    this.#deficits.set(lane, QUANTUM_BYTES);
    this.#round.push(lane);
  }

  get isEmpty(): boolean {
    return this.#round.length === 0;
  }

  /** It is another round's now. */
  leave(lane: number): void {
    if (this.#deficits.delete(lane)) this.#round = this.#round.filter((other) => other !== lane);
  }

  /**
   * @param pick the lane's next entry, or `undefined` when it has none for now: then it leaves the round
   * @returns the entry whose turn it is
   */
  next(pick: (lane: number) => Entry | undefined): Entry | undefined {
    for (let lane = this.#round[0]; lane !== undefined; lane = this.#round[0]) {
      const entry = pick(lane);
      if (entry === undefined) {
        this.#round.shift();
        this.#deficits.delete(lane);
        continue;
      }
      const deficit = this.#deficits.get(lane) ?? 0;
      if (deficit >= entry.bytes) {
        this.#deficits.set(lane, deficit - entry.bytes);
        return entry;
      }
      this.#deficits.set(lane, deficit + QUANTUM_BYTES);
      if (this.#round.length > 1) {
        this.#round.shift();
        this.#round.push(lane);
      }
    }
    return undefined;
  }
}
