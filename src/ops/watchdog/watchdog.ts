/**
 * Feeds the watchdog of systemd (WatchdogSec=, sd_notify(3)) by progress. `WATCHDOG=1` is sent only while the event loop
 * ran on time and no source of `work-progress.ts` stalls. After a stall it is never sent again: the owner ends the process,
 * and if that hangs too, systemd does.
 *
 * Times, as shares of WatchdogSec, with those of the packaged unit (60 s) in brackets: a turn takes 1/12 (5 s). Waiting
 * work may stay the same for 1/2 (30 s): six times the slowest commit in the tests of slow cards (4.5 s), and a commit
 * and a half of a card that needs 20 s. So a stall is detected after at most 1/2 and two turns (40 s), and 1/3 (20 s)
 * remains to write recordings and to end.
 */
import type { Clock } from '../../ports.ts';
import type { LoopWatch } from './loop-watch.ts';
import { type ProgressReadings, type Stall, WorkProgress } from './work-progress.ts';

const TURNS = 12;
/** Number of turns for which waiting work may stay the same. */
export const BOUND_TURNS = 6;

/** Returns the time of a turn, ms. @param timeoutMs time after which systemd ends the process */
export function turnMsOf(timeoutMs: number): number {
  return timeoutMs / TURNS;
}

export interface WatchdogOptions {
  /** Time after which systemd ends the process. */
  readonly timeoutMs: number;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly feed: () => void;
  readonly loop: LoopWatch;
  /** True for a stall that a restart does not end. The gateway continues with its other work. */
  readonly isTolerated: (stall: Stall) => boolean;
  /** Called once, with the first stall that is not tolerated. The process must end. */
  readonly stalled: (stall: Stall) => void;
}

export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #turnMs: number;
  readonly #progress: WorkProgress;
  #readings: ProgressReadings | undefined;
  #timer: NodeJS.Timeout | undefined;
  #turnedAtMs: number;

  constructor(options: WatchdogOptions) {
    const turnMs = turnMsOf(options.timeoutMs);
    this.#options = options;
    this.#turnMs = turnMs;
    this.#turnedAtMs = options.clock.nowMs();
    this.#progress = new WorkProgress({ turnMs, boundMs: BOUND_TURNS * turnMs });
    this.#timer = setInterval(() => this.turn(), turnMs);
    options.feed();
  }

  /** Sets the sources. Without sources only the event loop is watched, e.g. while a store is recovered. */
  watch(readings: ProgressReadings): void {
    this.#readings = readings;
  }

  /** Called by the timer, and in tests. */
  turn(): void {
    const { clock, loop, feed, isTolerated, stalled } = this.#options;
    loop.beat();
    const nowMs = clock.nowMs();
    const lateMs = nowMs - this.#turnedAtMs - this.#turnMs;
    this.#turnedAtMs = nowMs;
    const stalls = this.#readings === undefined ? [] : this.#progress.look(nowMs, this.#readings);
    const stall = stalls.find((one) => !isTolerated(one));
    if (stall !== undefined) {
      clearInterval(this.#timer);
      stalled(stall);
    } else if (lateMs <= BOUND_TURNS * this.#turnMs) feed();
  }

  /** Ends the watch at a stop of the gateway, which has limits of its own. */
  stop(): void {
    clearInterval(this.#timer);
    this.#options.loop.stop();
  }
}
