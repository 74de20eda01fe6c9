/**
 * The machine's clocks and timers behind the `Clock` port. The only place that reads either clock.
 *
 * `nowMs` is CLOCK_MONOTONIC (what `process.hrtime` reads on Linux): it counts from the boot of the machine, so the
 * ages that the store keeps stay exact over a restart of the process.
 */
import type { Cancel, Clock } from '../ports.ts';

/** The largest delay that `setTimeout` takes; above it fires at once (2^31 − 1 ms, 24.8 days). */
export const TIMEOUT_MS_MAX = 2_147_483_647;

/** What the clock is made of; the tests put a virtual one in its place. */
export interface TimeSource {
  /** Whole milliseconds, monotonic. */
  nowMs(): number;
  /** Unix milliseconds. */
  wallMs(): number;
  /** Calls once, after about `delayMs` (0 … `TIMEOUT_MS_MAX`); a millisecond early is allowed. */
  after(delayMs: number, call: () => void): Cancel;
}

/** The clock of this machine. Its timers keep the process alive: what waits for time has not finished. */
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

/** Makes exact what the source does roughly: never early, however far away. */
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
