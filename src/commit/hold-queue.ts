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

export interface HeldEntry {
  readonly direction: Direction;
  readonly entry: Entry;
}

export class HoldQueue {
  readonly #steps = new Map<number, HeldEntry[]>();
  #order: number[] = [];
  /** Number of entries, and the number at which the next sweep is due: twice the number that the last one has left. */
  #size = 0;
  #sweepAt = SWEEP_MIN;

  /** Number of entries in memory, at most `SWEEP_MIN` or twice the number that is held. */
  get size(): number {
    return this.#size;
  }

  /** Earliest time at which an entry may reach its limit. */
  get nextMs(): number | undefined {
    const first = this.#order[0];
    return first === undefined ? undefined : first * STEP_MS;
  }

  add(direction: Direction, entry: Entry, untilMs: number): void {
    if (this.#size >= this.#sweepAt) this.#sweep();
    this.#size += 1;
    const step = Math.floor(untilMs / STEP_MS);
    const waiting = this.#steps.get(step);
    if (waiting !== undefined) {
      waiting.push({ direction, entry });
      return;
    }
    this.#steps.set(step, [{ direction, entry }]);
    let place = this.#order.length;
    while (place > 0 && (this.#order[place - 1] ?? 0) > step) place -= 1;
    this.#order.splice(place, 0, step);
  }

  /** Entries that are still held and have reached their limit. */
  takeDue(nowMs: number): HeldEntry[] {
    const due: HeldEntry[] = [];
    for (let step = this.#order[0]; step !== undefined && step * STEP_MS <= nowMs; step = this.#order[0]) {
      this.#order.shift();
      const waiting = this.#steps.get(step) ?? [];
      for (const held of waiting) if (isStillHeld(held)) due.push(held);
      this.#size -= waiting.length;
      this.#steps.delete(step);
    }
    return due;
  }

  /** All entries of one direction that are still held, in the order of their time limits. */
  takeAll(direction: Direction): Entry[] {
    const taken: Entry[] = [];
    this.#keep((held) => {
      if (!isStillHeld(held)) return false;
      if (held.direction === direction) taken.push(held.entry);
      return held.direction !== direction;
    });
    return taken;
  }

  #sweep(): void {
    this.#keep(isStillHeld);
    this.#sweepAt = Math.max(SWEEP_MIN, 2 * this.#size);
  }

  /** Drops the other entries. @param isKept called in the order of the time limits */
  #keep(isKept: (held: HeldEntry) => boolean): void {
    this.#size = 0;
    this.#order = this.#order.filter((step) => {
      const kept = (this.#steps.get(step) ?? []).filter(isKept);
      this.#size += kept.length;
      if (kept.length === 0) this.#steps.delete(step);
      else this.#steps.set(step, kept);
      return kept.length > 0;
    });
  }
}

function isStillHeld({ entry }: HeldEntry): boolean {
  return entry.keeping === 'held' && entry.ended === undefined;
}
