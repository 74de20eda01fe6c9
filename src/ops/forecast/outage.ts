/** Length of the outage that a forecast examines, ms. */
const HOUR_MS = 3_600_000;

/** Outage if none is named: a weekend, from Friday evening to Monday evening. */
export const OUTAGE_MS_DEFAULT = 72 * HOUR_MS;
export const OUTAGE_MS_MAX = 365 * 24 * HOUR_MS;
