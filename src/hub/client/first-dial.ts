/**
 * When the first CONNECT after a start may be sent. The hub allows one in so many seconds, and it counts those of the
 * process before us too. What that one did last nobody knows: an attempt that fails writes nothing down, and a process
 * that is killed just after its CONNECT has not written it yet. So it is taken to have dialled at the moment it ended.
 */
import type { StoreOpening } from '../../custody/row.ts';

/** @returns monotonic ms, at or after `now.upMs` */
export function firstDialAtMs(
  { now, isFirstOfBoot }: Pick<StoreOpening, 'now' | 'isFirstOfBoot'>,
  floorMs: number,
): number {
  // another boot: the machine has been up for less than that only if it starts faster than the hub allows
  return isFirstOfBoot ? Math.max(now.upMs, floorMs) : now.upMs + floorMs;
}
