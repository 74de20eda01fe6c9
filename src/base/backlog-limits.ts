/**
 * Bounds of the limits that an operator may set for the backlog. Each limit has a longest duration, so that none stays
 * because it was forgotten.
 */
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export const BACKLOG_LIMITS = {
  /** A pause stops the backlog: a day at most. */
  pause: { forMsMin: 1000, forMsDefault: 2 * HOUR_MS, forMsMax: 24 * HOUR_MS },
  /** A lower rate still drains the backlog: a week at most. `perSMax`: for a hub without a limit. */
  rate: {
    forMsMin: 1000,
    forMsDefault: 24 * HOUR_MS,
    forMsMax: 7 * 24 * HOUR_MS,
    perSMin: 0.1,
    perSMax: 10_000,
  },
} as const;
