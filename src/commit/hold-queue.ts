/**
 * Entries that wait in RAM for the next hop's acknowledgement, in order of their time limits. Most entries are
 * acknowledged long before the limit. So the end of an entry is not reported here, and the limits are rounded to steps
 * of 16 ms. A sweep drops the entries that are no longer held. Sweeps cost a constant time per entry, and bound the
 * memory: entries that stay until their limit would be moved by each garbage collection.
 */
import type { Direction } from '../base/message.ts';
import type { Entry } from '../custody/entry.ts';

const STEP_MS = 16;
/** Smallest number of entries between two sweeps. */
const SWEEP_MIN = 64;
const NONE: readonly HeldEntry[] = [];

export interface HeldEntry {
  readonly direction: Direction;
  readonly entry: Entry;
}

/** Entries whose limits are in the same 16 ms. */
interface Step {
  readonly number: number;
  held: HeldEntry[];
}

export class HoldQueue {
  /** Steps with entries, in the order of time. */
  #steps: Step[] = [];
  /** Number of entries, and the number at which the next sweep is due: twice the number that the last one has left. */
  #size = 0;
  #sweepAt = SWEEP_MIN;

  /** Number of entries in memory, at most `SWEEP_MIN` or twice the number that is held. */
  get size(): number {
    return this.#size;
  }

  /** Earliest time at which an entry may reach its limit. */
  get nextMs(): number | undefined {
    const first = this.#steps[0];
    return first === undefined ? undefined : first.number * STEP_MS;
  }

  add(direction: Direction, entry: Entry, untilMs: number): void {
    if (this.#size >= this.#sweepAt) this.#sweep();
    this.#size += 1;
    const number = Math.floor(untilMs / STEP_MS);
    let place = this.#steps.length;
    while (place > 0 && (this.#steps[place - 1]?.number ?? 0) > number) place -= 1;
    const step = this.#steps[place - 1];
    if (step?.number === number) step.held.push({ direction, entry });
    else this.#steps.splice(place, 0, { number, held: [{ direction, entry }] });
  }

  /** Entries that are still held and have reached their limit. */
  takeDue(nowMs: number): readonly HeldEntry[] {
    let due = NONE;
    for (let step = this.#steps[0]; step !== undefined && step.number * STEP_MS <= nowMs; step = this.#steps[0]) {
      this.#steps.shift();
      due = [...due, ...step.held.filter(isStillHeld)];
      this.#size -= step.held.length;
    }
    return due;
  }

  /** All entries of one direction that are still held, in the order of their time limits. */
  takeAll(direction: Direction): Entry[] {
    const held = this.#steps.flatMap((step) => step.held).filter(isStillHeld);
    this.#keep((one) => one.direction !== direction && isStillHeld(one));
    return held.filter((one) => one.direction === direction).map(({ entry }) => entry);
  }

  #sweep(): void {
    this.#keep(isStillHeld);
    this.#sweepAt = Math.max(SWEEP_MIN, 2 * this.#size);
  }

  #keep(isKept: (held: HeldEntry) => boolean): void {
    this.#size = 0;
    for (const step of this.#steps) {
      step.held = step.held.filter(isKept);
      this.#size += step.held.length;
    }
    this.#steps = this.#steps.filter(({ held }) => held.length > 0);
  }
}

function isStillHeld({ entry }: HeldEntry): boolean {
  return entry.keeping === 'held' && entry.ended === undefined;
}
