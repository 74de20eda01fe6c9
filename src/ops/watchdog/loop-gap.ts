/**
 * Detects that the event loop of this process did not run for a time and then ran again: the process was stopped
 * (SIGSTOP, a debugger, a frozen container), or the machine was suspended or overloaded. Such a gap ends no process, and
 * nothing else reports it.
 */

/** Interval between two looks, ms. */
export const LOOP_LOOK_MS = 1000;
/**
 * Shortest gap that is reported, ms: five times the slowest turn of a busy machine in the tests. A serial port of
 * 115,200 baud fills its buffer in the kernel (4 KB) in less than a second.
 */
const GAP_MS_MIN = 5000;

export class LoopGap {
  #lookedAtMs: number;

  /** @param nowMs monotonic ms */
  constructor(nowMs: number) {
    this.#lookedAtMs = nowMs;
  }

  /** Called every `LOOP_LOOK_MS`. @returns the time since the last look if it is a gap, ms */
  look(nowMs: number): number | undefined {
    const sinceMs = nowMs - this.#lookedAtMs;
    this.#lookedAtMs = nowMs;
    return sinceMs >= GAP_MS_MIN ? sinceMs : undefined;
  }
}
