/**
 * Earliest time of the first CONNECT after a start. The hub allows one CONNECT per interval and also counts those of an
 * earlier process. The last attempt of that process is unknown: a failed attempt is not stored, and a process killed
 * just after its CONNECT has not stored it. So that attempt is assumed at the end of the process.
 */
import type { StoreOpening } from '../../custody/row.ts';

/** @returns monotonic ms, at or after `now.upMs` */
export function firstDialAtMs(
  { now, isFirstOfBoot }: Pick<StoreOpening, 'now' | 'isFirstOfBoot'>,
  floorMs: number,
): number {
  // after a boot the interval has passed already, unless the machine boots faster than the interval
  return isFirstOfBoot ? Math.max(now.upMs, floorMs) : now.upMs + floorMs;
}
