/**
 * Fairness between subdevices: deficit round robin. A subdevice that floods the outbox does not delay the others. A
 * lane with small messages gets as many bytes as a lane with large messages. Source: Shreedhar and Varghese, "Efficient
 * Fair Queuing using Deficit Round Robin", 1995.
 */
import type { Entry } from '../custody/entry.ts';

/** Bytes that a lane may send per round: several telemetry messages. */
const QUANTUM_BYTES = 1024;

export class DeficitRoundRobin {
  #round: number[] = [];
  readonly #deficits = new Map<number, number>();

  /** Adds a lane that may have a message to send, at the end of the round. No effect if the lane is in the round. */
  join(lane: number): void {
    if (this.#deficits.has(lane)) return;
    this.#deficits.set(lane, QUANTUM_BYTES);
    this.#round.push(lane);
  }

  get isEmpty(): boolean {
    return this.#round.length === 0;
  }

  /** Removes a lane that changed to another class. */
  leave(lane: number): void {
    if (this.#deficits.delete(lane)) this.#round = this.#round.filter((other) => other !== lane);
  }

  /**
   * @param pick returns the next entry of the lane, or `undefined` if the lane has none now; the lane then leaves the
   * round
   * @returns the next entry to send
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
