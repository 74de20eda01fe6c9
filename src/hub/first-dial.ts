/**
 * When the first CONNECT after a start may be sent. The hub allows one in so many seconds, and it counts those of the
 * process before us too, whose last moments nobody wrote down. Custody does not wait for this: only the hub does.
 */
import type { StoreOpening } from '../custody/row.ts';

/** @returns monotonic ms, at or after `now.upMs` */
export function firstDialAtMs(opening: Pick<StoreOpening, 'now' | 'nextSeq' | 'hubSession'>, floorMs: number): number {
  const { now, nextSeq, hubSession } = opening;
  // nobody has opened this store before
  if (nextSeq.uplink === 1) return now.upMs;
  // another boot: the machine has been up for less than the floor only if it starts faster than the hub allows
  if (hubSession.changedAt !== undefined && hubSession.changedAt.epoch !== now.epoch)
    return Math.max(now.upMs, floorMs);
  return now.upMs + floorMs;
}
