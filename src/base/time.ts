/**
 * Time on a machine without a battery clock.
 *
 * Each stamp holds the boot and the monotonic clock of that boot. A wall time is additional, and its quality is known.
 * An age within one boot is exact under any jump of the wall clock. Across boots it is exact only if both boots know
 * their offset to wall time. Otherwise it is a lower bound: the time for which the machine is known to have been
 * powered.
 */
export interface Stamp {
  /** Number of the boot, counted by the store from 1. */
  readonly epoch: number;
  /** Monotonic ms since that boot. */
  readonly upMs: number;
}

/** Facts about one boot. */
export interface Epoch {
  readonly epoch: number;
  readonly bootId: string;
  /** Last monotonic ms seen in this boot. */
  readonly lastUpMs: number;
  /** Unix ms minus monotonic ms. Known once the wall clock was trusted in this boot. */
  readonly wallMinusUpMs: number | undefined;
  /** Monotonic ms at which the machine was last found to have slept. `undefined`: no sleep is known. */
  readonly sleptAtUpMs: number | undefined;
}

export interface Age {
  readonly ms: number;
  readonly quality: 'exact' | 'at_least';
}

/**
 * Age of `stamp` at `now`. The result is never more than the true age, even if the clocks jump.
 * @param epochs every epoch from the stamp's to the current one, by number
 */
export function ageOf(stamp: Stamp, now: Stamp, epochs: ReadonlyMap<number, Epoch>): Age {
  const then = epochs.get(stamp.epoch);
  // The monotonic clock does not count sleep. A stamp from before the sleep is older than that clock shows.
  const isBeforeSleep = then?.sleptAtUpMs !== undefined && stamp.upMs <= then.sleptAtUpMs;
  const quality = isBeforeSleep ? 'at_least' : 'exact';
  if (stamp.epoch === now.epoch) return { ms: Math.max(0, now.upMs - stamp.upMs), quality };
  const poweredMs = poweredBetween(stamp, now, epochs);
  const current = epochs.get(now.epoch);
  if (then?.wallMinusUpMs !== undefined && current?.wallMinusUpMs !== undefined) {
    const ms = now.upMs + current.wallMinusUpMs - (stamp.upMs + then.wallMinusUpMs);
    // An age below the time that certainly passed proves that a clock was wrong.
    if (ms >= poweredMs) return { ms, quality };
  }
  return { ms: poweredMs, quality: 'at_least' };
}

/** Time for which the machine is known to have been on and awake between the two stamps. */
function poweredBetween(stamp: Stamp, now: Stamp, epochs: ReadonlyMap<number, Epoch>): number {
  let ms = Math.max(0, (epochs.get(stamp.epoch)?.lastUpMs ?? 0) - stamp.upMs);
  for (const { epoch, lastUpMs } of epochs.values()) if (epoch > stamp.epoch && epoch < now.epoch) ms += lastUpMs;
  return ms + now.upMs;
}

/**
 * Wall time of a stamp. `exact`: as exact as the trusted clock. `at_least`: the latest possible time, because the true
 * age is at least the known one. `none`: no trusted clock has dated the stamp.
 */
export type WallTime =
  | { readonly quality: 'exact' | 'at_least'; readonly ms: number }
  | { readonly quality: 'none'; readonly ms: undefined };

/** Largest error of a trusted clock: smaller differences are not corrected (`clock-trust.ts`). */
export const CLOCK_ERROR_MS = 2000;

const UNDATED: WallTime = { quality: 'none', ms: undefined };

/**
 * Wall time of `stamp` by the clocks that were trusted in its boot or in a later one. The present wall clock has no
 * part in it, so the result changes only if a clock becomes trusted.
 * @param now current epoch
 * @param epochs every epoch from the stamp's to the current one, by number
 */
export function wallTimeOf(stamp: Stamp, now: number, epochs: ReadonlyMap<number, Epoch>): WallTime {
  const then = epochs.get(stamp.epoch);
  const latestMs = latestByLaterBoots(stamp, now, epochs);
  const upMs = Math.floor(stamp.upMs);
  if (then?.wallMinusUpMs === undefined)
    return latestMs === undefined ? UNDATED : { quality: 'at_least', ms: latestMs };
  const ms = upMs + Math.round(then.wallMinusUpMs);
  // A time later than the latest possible one proves that one of the two clocks was wrong.
  if (latestMs !== undefined && latestMs < ms - 2 * CLOCK_ERROR_MS) return { quality: 'at_least', ms: latestMs };
  const isBeforeSleep = then.sleptAtUpMs !== undefined && stamp.upMs <= then.sleptAtUpMs;
  return { quality: isBeforeSleep ? 'at_least' : 'exact', ms };
}

/** Latest possible wall time of the stamp by the boots after its own. `undefined`: none of them knows the wall time. */
function latestByLaterBoots(stamp: Stamp, now: number, epochs: ReadonlyMap<number, Epoch>): number | undefined {
  let latestMs: number | undefined;
  let poweredMs = Math.max(0, (epochs.get(stamp.epoch)?.lastUpMs ?? 0) - Math.floor(stamp.upMs));
  for (let epoch = stamp.epoch + 1; epoch <= now; epoch += 1) {
    const { lastUpMs = 0, wallMinusUpMs } = epochs.get(epoch) ?? {};
    if (wallMinusUpMs !== undefined)
      latestMs = Math.min(latestMs ?? Number.POSITIVE_INFINITY, Math.round(wallMinusUpMs) - Math.ceil(poweredMs));
    poweredMs += lastUpMs;
  }
  return latestMs;
}
