/**
 * Entries that wait in RAM for the next hop's acknowledgement, in order of their time limits. Most entries are
 * acknowledged long before the limit. So the removal of an entry before its limit costs nothing, and the limits are
 * rounded to steps of 16 ms.
 */
import type { Direction } from '../base/message.ts';
import type { Entry } from '../custody/entry.ts';

const STEP_MS = 16;

export interface HeldEntry {
  readonly direction: Direction;
  readonly entry: Entry;
}

export class HoldQueue {
  readonly #steps = new Map<number, HeldEntry[]>();
  #order: number[] = [];

  /** Earliest time at which an entry may reach its limit. */
  get nextMs(): number | undefined {
    const first = this.#order[0];
    return first === undefined ? undefined : first * STEP_MS;
  }

  add(direction: Direction, entry: Entry, untilMs: number): void {
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
      for (const held of this.#steps.get(step) ?? []) if (isStillHeld(held.entry)) due.push(held);
      this.#steps.delete(step);
    }
    return due;
  }

  /** All entries of one direction that are still held, in the order of their time limits. */
  takeAll(direction: Direction): Entry[] {
    const taken: Entry[] = [];
    for (const step of this.#order) {
      const rest: HeldEntry[] = [];
      for (const held of this.#steps.get(step) ?? []) {
        if (!isStillHeld(held.entry)) continue;
        if (held.direction === direction) taken.push(held.entry);
        else rest.push(held);
      }
      this.#steps.set(step, rest);
    }
    this.#order = this.#order.filter((step) => (this.#steps.get(step)?.length ?? 0) > 0 || !this.#steps.delete(step));
    return taken;
  }
}

function isStillHeld(entry: Entry): boolean {
  return entry.keeping === 'held' && entry.ended === undefined;
}
