/**
 * Time on a machine without a battery clock.
 *
 * Everything is stamped with the boot it happened in and the monotonic clock of that boot; wall time is decoration with a
 * quality. An age within one boot is exact under any jump of the wall clock. Across boots it is exact only when both
 * boots know their offset to wall time; else it is a lower bound: the powered time we know has passed.
 */
export interface Stamp {
  /** Number of the boot, counted by the store from 1. */
  readonly epoch: number;
  /** Monotonic ms since that boot. */
  readonly upMs: number;
}

/** What is known of one boot. */
export interface Epoch {
  readonly epoch: number;
  readonly bootId: string;
  /** The last monotonic ms that was seen in it. */
  readonly lastUpMs: number;
  /** Unix ms minus monotonic ms, once the wall clock was trusted in this boot. */
  readonly wallMinusUpMs: number | undefined;
  /** Monotonic ms at which the machine was last found to have slept; `undefined`: it has not, as far as we know. */
  readonly sleptAtUpMs: number | undefined;
}

export interface Age {
  readonly ms: number;
  readonly quality: 'exact' | 'at_least';
}

/**
 * How old is `stamp` at `now`? Never more than it is, whatever the clocks did.
 * @param epochs every epoch from the stamp's to the current one, by number
 */
export function ageOf(stamp: Stamp, now: Stamp, epochs: ReadonlyMap<number, Epoch>): Age {
  const then = epochs.get(stamp.epoch);
  // the monotonic clock does not count sleep: what was stamped before it is older than that clock says
  const isBeforeSleep = then?.sleptAtUpMs !== undefined && stamp.upMs <= then.sleptAtUpMs;
  const quality = isBeforeSleep ? 'at_least' : 'exact';
  if (stamp.epoch === now.epoch) return { ms: Math.max(0, now.upMs - stamp.upMs), quality };
  const poweredMs = poweredBetween(stamp, now, epochs);
  const current = epochs.get(now.epoch);
  if (then?.wallMinusUpMs !== undefined && current?.wallMinusUpMs !== undefined) {
    const ms = now.upMs + current.wallMinusUpMs - (stamp.upMs + then.wallMinusUpMs);
    // clocks that deny the time that certainly passed prove nothing
    if (ms >= poweredMs) return { ms, quality };
  }
  return { ms: poweredMs, quality: 'at_least' };
}

/** The time the machine is known to have been on and awake in between. */
function poweredBetween(stamp: Stamp, now: Stamp, epochs: ReadonlyMap<number, Epoch>): number {
  let ms = Math.max(0, (epochs.get(stamp.epoch)?.lastUpMs ?? 0) - stamp.upMs);
  for (const { epoch, lastUpMs } of epochs.values()) if (epoch > stamp.epoch && epoch < now.epoch) ms += lastUpMs;
  return ms + now.upMs;
}
