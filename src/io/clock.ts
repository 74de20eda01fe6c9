/**
 * Clocks and timers of the machine behind the `Clock` port. The only file that reads either clock.
 *
 * `nowMs` is CLOCK_MONOTONIC (`process.hrtime` on Linux). The clock counts from the boot of the machine, so the stored
 * ages stay exact over a restart of the process.
 */
import type { Cancel, Clock } from '../ports.ts';

/** Largest delay of `setTimeout`. A larger delay would fire at once (2^31 − 1 ms, 24.8 days). */
export const TIMEOUT_MS_MAX = 2_147_483_647;

/** Source of the clock. Tests use a virtual one. */
export interface TimeSource {
  /** Whole milliseconds, monotonic. */
  nowMs(): number;
  /** Unix milliseconds. */
  wallMs(): number;
  /** Calls once, after about `delayMs` (0 … `TIMEOUT_MS_MAX`). The call may come 1 ms early. */
  after(delayMs: number, call: () => void): Cancel;
}

/** Creates the clock of this machine. Its timers keep the process alive until they have fired. */
export function systemClock(): Clock {
  return createClock({
    nowMs() {
      const [seconds, nanoseconds] = process.hrtime();
      return seconds * 1000 + Math.floor(nanoseconds / 1e6);
    },
    wallMs: () => Date.now(),
    after(delayMs, call) {
      const timer = setTimeout(call, delayMs);
      return () => clearTimeout(timer);
    },
  });
}

/** Makes the timers of a source exact: a call never comes early, and any delay is allowed. */
export function createClock(source: TimeSource): Clock {
  return {
    nowMs: () => source.nowMs(),
    wallMs: () => source.wallMs(),
    wakeAt(atMs, wake) {
      let cancel: Cancel = () => {};
      const arm = (): void => {
        const delayMs = Math.ceil(Math.max(0, atMs - source.nowMs()));
        cancel = source.after(Math.min(delayMs, TIMEOUT_MS_MAX), () => {
          if (source.nowMs() < atMs) arm();
          else wake();
        });
      };
      arm();
      return () => cancel();
    },
  };
}
