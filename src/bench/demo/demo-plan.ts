/**
 * Numbers of the demonstration: duration of each act, traffic, and rate at which the backlog drains.
 *
 * Pure. Everything follows from `seconds` and `seed`. The rate is chosen last, so that the backlog of this outage
 * drains in the planned time: slow enough to be watched, fast enough to finish.
 */
import { seededRandom } from '../../base/random.ts';

export interface Plan {
  readonly seconds: number;
  readonly seed: number;
  /** Duration of act 1: the hub is connected. */
  readonly steadyMs: number;
  /** Duration of act 2: from the loss of the hub to the kill. The seed determines the moment of the kill. */
  readonly awayMs: number;
  /**
   * Act 3. `deadMs`: time from SIGKILL to the restart. `stillAwayMs`: time after the restart in which the hub stays
   * away.
   */
  readonly deadMs: number;
  readonly stillAwayMs: number;
  /** Duration of act 4: planned time to drain the backlog. */
  readonly replayMs: number;
  /** Mean pause between two readings of one subdevice. */
  readonly readingPauseMs: number;
  /** Pause between two commands of the application. */
  readonly commandPauseMs: { readonly steady: number; readonly away: number; readonly replay: number };
  /** Rate limit of the gateway (`hub.messages_per_s`). */
  readonly messagesPerS: number;
}

/**
 * Shortest duration of the demonstration. In a shorter one, most of the time would be the gateway's start, which has a
 * fixed duration.
 */
export const SECONDS_MIN = 10;
export const SUBDEVICES = ['pump', 'meter', 'valve'] as const;

/** Approximate time for start, drain and end. This time does not depend on the other parts. */
const FRAME_MS = 3500;
/** Time from SIGKILL to the first PUBACK of the new process, measured on a small machine. */
const RESTART_MS = 1500;
const READING_PAUSE_MS = 125;
/**
 * Number of stored commands per ms of the drain time. The hub sends a stored message every 500 ms, and the commands of
 * an outage should fill two thirds of the drain time.
 */
const STORED_PER_MS = 0.66 / 500;
/** Longest mean of `deadMs`. A longer absence of the gateway shows nothing more. */
const DEAD_MS_MAX = 5000;
/**
 * Largest planned number of commands during an outage. The hub stores 150, so no command is dropped even with short
 * pauses.
 */
const STORED_MAX = 100;

/** @param seconds at least `SECONDS_MIN` */
export function planOf(seconds: number, seed: number): Plan {
  const random = seededRandom(seed);
  const actsMs = seconds * 1000 - FRAME_MS - RESTART_MS;
  // The factors 0.32, 0.36 and 0.32 add up to 1.
  const steadyMs = 0.32 * actsMs;
  const outageMs = 0.36 * actsMs;
  const replayMs = 0.32 * actsMs;
  // The gateway is killed near the middle of the outage. It is restarted after about 4 % of the time of all acts; the
  // seed makes this up to a half longer or shorter.
  const awayMs = outageMs * (0.4 + 0.3 * random());
  const deadMs = Math.min(DEAD_MS_MAX, 0.04 * actsMs) * (0.5 + random());
  const stillAwayMs = Math.max(300, outageMs - awayMs - deadMs);
  const silenceMs = awayMs + deadMs + RESTART_MS + stillAwayMs;
  const storedCommands = Math.min(STORED_MAX, Math.max(3, Math.floor(replayMs * STORED_PER_MS)));
  const readingsPerMs = SUBDEVICES.length / READING_PAUSE_MS;
  return {
    seconds,
    seed,
    steadyMs,
    awayMs,
    deadMs,
    stillAwayMs,
    replayMs,
    readingPauseMs: READING_PAUSE_MS,
    commandPauseMs: { steady: 400, away: silenceMs / storedCommands, replay: 1500 },
    messagesPerS: Math.ceil(1000 * readingsPerMs * (1 + silenceMs / replayMs)),
  };
}
