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
  /** Act 1: hub connected. */
  readonly steadyMs: number;
  /** Act 2: hub away, until the kill. The seed determines the moment. */
  readonly awayMs: number;
  /** Act 3: from SIGKILL to the restart; the hub stays away a little longer. */
  readonly deadMs: number;
  readonly stillAwayMs: number;
  /** Act 4: planned time to drain the backlog. */
  readonly replayMs: number;
  /** Mean pause between two readings of one subdevice. */
  readonly readingPauseMs: number;
  /** Pause between two commands of the application. */
  readonly commandPauseMs: { readonly steady: number; readonly away: number; readonly replay: number };
  /** Limit of the gateway (`hub.messages_per_s`). */
  readonly messagesPerS: number;
}

/** Shortest duration; below it the gateway's start, whose duration is fixed, would dominate. */
export const SECONDS_MIN = 10;
export const SUBDEVICES = ['pump', 'meter', 'valve'] as const;

/** Approximate time for start, drain and end, independent of the other parts. */
const FRAME_MS = 3500;
/** Measured: from SIGKILL to the first PUBACK of the new process on a small machine. */
const RESTART_MS = 1500;
const READING_PAUSE_MS = 125;
/** The hub sends a stored message every 500 ms; the commands of an outage should fill two thirds of the drain time. */
const STORED_PER_MS = 0.66 / 500;
/** A longer absence shows nothing more. */
const DEAD_MS_MAX = 5000;
/** Well below the hub's 150, so that no command is dropped even with short pauses. */
const STORED_MAX = 100;

/** @param seconds at least `SECONDS_MIN` */
export function planOf(seconds: number, seed: number): Plan {
  const random = seededRandom(seed);
  const actsMs = seconds * 1000 - FRAME_MS - RESTART_MS;
  // The parts add up to 1.
  const steadyMs = 0.32 * actsMs;
  const outageMs = 0.36 * actsMs;
  const replayMs = 0.32 * actsMs;
  // Killed near the middle of the outage; away for about a thirtieth of the time, up to a half more or less.
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
