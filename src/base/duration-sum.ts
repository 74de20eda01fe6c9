/** Durations since the last reading: their number and sum. Bounded, for durations of every message. */
export class DurationSum {
  #count = 0;
  #sumMs = 0;

  add(ms: number): void {
    this.#count += 1;
    this.#sumMs += ms;
  }

  /** Mean since the last call, ms, and starts again. `undefined`: no duration was added. */
  takeMean(): number | undefined {
    const mean = this.#count === 0 ? undefined : this.#sumMs / this.#count;
    this.#count = 0;
    this.#sumMs = 0;
    return mean;
  }
}
