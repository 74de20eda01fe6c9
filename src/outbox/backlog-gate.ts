/** Limit of the backlog alone, set by an operator: paused, or slower than the hub allows. Alarms and live messages pass. */
import { Pacer } from './pacer.ts';

export interface BacklogPace {
  readonly isPaused: boolean;
  /** Messages per second. `undefined`: the limit of the hub alone applies. */
  readonly perS: number | undefined;
}

export class BacklogGate {
  #isPaused = false;
  #pacer: Pacer | undefined;

  set({ isPaused, perS }: BacklogPace): void {
    this.#isPaused = isPaused;
    this.#pacer = perS === undefined ? undefined : new Pacer(perS, 1);
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  isOpen(nowMs: number): boolean {
    return !this.#isPaused && (this.#pacer === undefined || this.#pacer.isOpen(nowMs));
  }

  /** Called for each message of the backlog that is sent. */
  take(nowMs: number): void {
    this.#pacer?.take(nowMs);
  }

  /** Time of the next message of the backlog, monotonic ms. `undefined`: no time is known. */
  get opensAtMs(): number | undefined {
    return this.#isPaused ? undefined : this.#pacer?.nextAtMs;
  }
}
