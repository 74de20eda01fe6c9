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
}

export interface Age {
  readonly ms: number;
  readonly quality: 'exact' | 'at_least';
}

/**
 * How old is `stamp` at `now`?
 * @param epochs every epoch from the stamp's to the current one, by number
 */
export function ageOf(stamp: Stamp, now: Stamp, epochs: ReadonlyMap<number, Epoch>): Age {
  if (stamp.epoch === now.epoch) return { ms: Math.max(0, now.upMs - stamp.upMs), quality: 'exact' };
  const then = epochs.get(stamp.epoch);
  const current = epochs.get(now.epoch);
  if (then?.wallMinusUpMs !== undefined && current?.wallMinusUpMs !== undefined) {
    const ms = now.upMs + current.wallMinusUpMs - (stamp.upMs + then.wallMinusUpMs);
    if (ms >= 0) return { ms, quality: 'exact' };
  }
  let ms = then === undefined ? 0 : Math.max(0, then.lastUpMs - stamp.upMs);
  for (let epoch = stamp.epoch + 1; epoch < now.epoch; epoch += 1) ms += epochs.get(epoch)?.lastUpMs ?? 0;
  return { ms: ms + now.upMs, quality: 'at_least' };
}
