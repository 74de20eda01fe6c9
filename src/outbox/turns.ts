/**
 * Fairness over subdevices: deficit round robin. Whoever floods the outbox waits for nobody else and makes nobody wait;
 * a lane with small messages gets as many bytes as one with large ones.
 * Source: Shreedhar and Varghese, "Efficient Fair Queuing using Deficit Round Robin", 1995.
 */
import type { Entry } from '../custody/entry.ts';

/** Bytes a lane may send per round: a handful of telemetry messages. */
const QUANTUM_BYTES = 1024;

export class Turns {
  #round: number[] = [];
  readonly #deficits = new Map<number, number>();
  /** Lanes that had something to send and no slot or packet identifier for it. */
  readonly #blocked = new Set<number>();
  /** Lanes the hub would take nothing of now: they have no turn until it would again. */
  readonly #halted = new Set<number>();

  /** The lane may have something to send; joins at the end of the round unless it is in it. */
  join(lane: number): void {
    if (this.#deficits.has(lane)) return;
    this.#deficits.set(lane, QUANTUM_BYTES);
    this.#round.push(lane);
  }

  block(lane: number): void {
    this.#blocked.add(lane);
  }

  /** A slot or an identifier has become free. */
  unblock(): void {
    for (const lane of this.#blocked) this.join(lane);
    this.#blocked.clear();
  }

  isHalted(lane: number): boolean {
    return this.#halted.has(lane);
  }

  setHalted(lane: number, isHalted: boolean): void {
    if (isHalted) this.#halted.add(lane);
    else if (this.#halted.delete(lane)) this.join(lane);
  }

  /**
   * @param pick the lane's next entry, or `undefined` when it has none for now: then it leaves the round
   * @returns the entry whose turn it is
   */
  next(pick: (lane: number) => Entry | undefined): Entry | undefined {
    for (let lane = this.#round[0]; lane !== undefined; lane = this.#round[0]) {
      const entry = this.#halted.has(lane) ? undefined : pick(lane);
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
