/** Outlook of the outbox: which bound is reached first, when, and how long the drain takes. Pure. */

export interface OutlookReport {
  /** `null`: the outbox does not grow, or its growth is not known yet. */
  readonly full: FullReport | null;
  /** `null`: nothing waits, or the time cannot be known. */
  readonly drain: DrainReport | null;
}

export type QueueBound = 'messages' | 'bytes' | 'disk';

/** Bound that is reached first. */
export interface FullReport {
  readonly bound: QueueBound;
  /** Time until the bound is reached, ms. */
  readonly inMs: number;
  /** Time over which the growth was measured, ms. */
  readonly measuredMs: number;
}

export interface DrainReport {
  readonly ms: number;
  /**
   * `measured`: present rate. `limit`: rate limit of the hub, used while nothing can be measured. `operator`: the
   * operator's pause or rate of the backlog decides.
   */
  readonly basis: 'measured' | 'limit' | 'operator';
}

/** Limits of the rate at which a queue drains. */
export interface DrainLimits {
  /** Rate limit of the hub, messages per second; `undefined`: none. */
  readonly hubPerS: number | undefined;
  /** Rate that an operator has set for the backlog, messages per second; `undefined`: none. */
  readonly operatorPerS: number | undefined;
  /** Time until the operator's pause of the backlog ends, ms; `undefined`: no pause. */
  readonly pausedMs: number | undefined;
}

/** Growth of a queue. Negative while it drains. */
export interface Growth {
  readonly messagesPerS: number;
  readonly bytesPerS: number;
  readonly measuredMs: number;
}

/** Fill level and bounds of a queue; `bytesMax` 0 = no bound on bytes. */
export interface FillLevel {
  readonly messages: number;
  readonly bytes: number;
  readonly messagesMax: number;
  readonly bytesMax: number;
}

export interface Room {
  readonly freeBytes: number | null;
  readonly walBytes: number;
}

/** Bytes on disk for each byte of the messages, and the size of the WAL: as in the key `outbox.bytes_max`. Measured. */
export const DISK_BYTES_PER_BYTE = 1.4;
export const WAL_BYTES_MAX = 16 * 1024 * 1024;
/** Shortest time over which growth is measured. A few seconds of traffic say nothing about days. */
export const MEASURED_MS_MIN = 30_000;

/** Bytes of messages that the disk still takes. */
export function diskRoom({ freeBytes, walBytes }: Room): number | null {
  if (freeBytes === null) return null;
  return Math.max(0, freeBytes - Math.max(0, WAL_BYTES_MAX - walBytes)) / DISK_BYTES_PER_BYTE;
}

/** @returns the bounds that are reached at this growth, the first one first */
export function boundsReached(
  queue: FillLevel,
  growth: Pick<Growth, 'messagesPerS' | 'bytesPerS'>,
  room: Room,
): { readonly bound: QueueBound; readonly inMs: number }[] {
  const { messagesPerS, bytesPerS } = growth;
  const onDisk = diskRoom(room);
  const rooms: readonly (readonly [QueueBound, number | null, number])[] = [
    ['messages', queue.messagesMax - queue.messages, messagesPerS],
    ['bytes', queue.bytesMax === 0 ? null : queue.bytesMax - queue.bytes, bytesPerS],
    ['disk', onDisk, bytesPerS],
  ];
  return rooms
    .flatMap(([bound, left, perS]) =>
      left === null || !(perS > 0) ? [] : [{ bound, inMs: (Math.max(0, left) / perS) * 1000 }],
    )
    .toSorted((one, other) => one.inMs - other.inMs);
}

export function fullOf(queue: FillLevel, growth: Growth | undefined, room: Room): FullReport | null {
  if (growth === undefined || growth.measuredMs < MEASURED_MS_MIN) return null;
  const [first] = boundsReached(queue, growth, room);
  return first === undefined ? null : { ...first, measuredMs: growth.measuredMs };
}

/** @param queue messages that drain, without those that an operator hold keeps */
export function drainOf(
  queue: { readonly messages: number; readonly etaMs: number | null },
  { hubPerS, operatorPerS, pausedMs }: DrainLimits,
): DrainReport | null {
  if (queue.messages === 0) return null;
  // The rate of the live messages says nothing about a backlog that is paused or slowed.
  const isOperated = operatorPerS !== undefined || pausedMs !== undefined;
  if (queue.etaMs !== null && !isOperated) return { ms: queue.etaMs, basis: 'measured' };
  const perS = Math.min(hubPerS ?? Number.POSITIVE_INFINITY, operatorPerS ?? Number.POSITIVE_INFINITY);
  if (perS === Number.POSITIVE_INFINITY) return null;
  const ms = (pausedMs ?? 0) + (queue.messages / perS) * 1000;
  return { ms, basis: isOperated ? 'operator' : 'limit' };
}
