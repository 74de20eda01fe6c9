/**
 * Numbers of lanes. The number of a subdevice is its lane for ordinary messages in both directions. The alarms of a
 * subdevice have an uplink lane of their own, so that they do not wait behind a backlog on disk (docs/decisions/0014).
 * Rows of both lanes are in the same tables.
 */
import type { Direction } from '../base/message.ts';

/**
 * Difference between the number of an alarm lane and that of its subdevice. It is larger than any subdevice number,
 * because no gateway has a million subdevices. It is a single bit, so that a flipped bit is detected.
 */
const ALARM = 2 ** 20;

/** Lane of a subdevice's alarms. */
export function alarmLaneOf(subdevice: number): number {
  return subdevice | ALARM;
}

export function isAlarmLane(lane: number): boolean {
  return (lane & ALARM) !== 0;
}

/** Number of the subdevice that the lane belongs to. */
export function ownerOf(lane: number): number {
  return lane & ~ALARM;
}

/** Number of a lane in one direction: the id of its line in the ledger. */
export function ledgerId(direction: Direction, lane: number): number {
  return lane * 2 + (direction === 'downlink' ? 1 : 0);
}

/** Name of a lane in texts: `pump`, `pump (alarms)`. */
export function laneWords(lane: number, subdevice: string): string {
  return isAlarmLane(lane) ? `${subdevice} (alarms)` : subdevice;
}
