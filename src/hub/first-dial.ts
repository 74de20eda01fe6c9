/**
 * When the first CONNECT after a start may be sent. The hub allows one in so many seconds, and it counts those of the
 * process before us too; what that one did is known only as far as it was written down (`HubSessionRow`).
 */
import type { Stamp } from '../base/time.ts';
import type { HubSessionRow } from '../custody/row.ts';

/** @returns monotonic ms, at or after `now.upMs` */
export function firstDialAtMs(row: HubSessionRow, now: Stamp, floorMs: number): number {
  const { changedAt, connected } = row;
  if (changedAt === undefined) return now.upMs;
  // another boot: the machine has been up for less than that only if it starts faster than the hub allows
  if (changedAt.epoch !== now.epoch) return Math.max(now.upMs, floorMs);
  // it was connected when it ended, so the connection that was written down was its last
  if (connected) return Math.max(now.upMs, changedAt.upMs + floorMs);
  return now.upMs + floorMs;
}
