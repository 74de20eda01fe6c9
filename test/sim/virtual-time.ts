/** Virtual time: events in the order of their times, then of their creation. Days take seconds, and runs are reproducible. */
import type { Cancel } from '../../src/ports.ts';

interface Event {
  readonly atMs: number;
  readonly order: number;
  happen: (() => void) | undefined;
}

/** Smallest step of time, as a fraction of a millisecond. */
const GRID = 64;

export class VirtualTime {
  readonly #heap: Event[] = [];
  #order = 0;
  nowMs = 0;
  /** Number of events so far. */
  steps = 0;

  at(atMs: number, happen: () => void): Cancel {
    this.#order += 1;
    // times are multiples of the smallest step, so that differences are exact and no timer fires too early
    const gridMs = Math.ceil(atMs * GRID) / GRID;
    const event: Event = { atMs: Math.max(gridMs, this.nowMs), order: this.#order, happen };
    this.#heap.push(event);
    this.#rise(this.#heap.length - 1);
    return () => {
      event.happen = undefined;
    };
  }

  after(ms: number, happen: () => void): Cancel {
    return this.at(this.nowMs + ms, happen);
  }

  /** Runs until `untilMs` or `isDone`. Promises settle between two events, and then `afterEach` is called. */
  async run(untilMs: number, afterEach: () => void, isDone: () => boolean = () => false): Promise<void> {
    while (!isDone()) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#takeFirst();
      if (next.happen === undefined) continue;
      this.nowMs = next.atMs;
      this.steps += 1;
      next.happen();
      await null;
      await null;
      afterEach();
    }
    if (!isDone()) this.nowMs = Math.max(this.nowMs, untilMs);
  }

  #takeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rise(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(from: number): void {
    let at = from;
    for (;;) {
      const left = 2 * at + 1;
      let first = at;
      if (left < this.#heap.length && this.#isBefore(left, first)) first = left;
      if (left + 1 < this.#heap.length && this.#isBefore(left + 1, first)) first = left + 1;
      if (first === at) return;
      this.#swap(at, first);
      at = first;
    }
  }

  #isBefore(left: number, right: number): boolean {
    const a = this.#heap[left] as Event;
    const b = this.#heap[right] as Event;
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  }

  #swap(left: number, right: number): void {
    const event = this.#heap[left] as Event;
    this.#heap[left] = this.#heap[right] as Event;
    this.#heap[right] = event;
  }
}
