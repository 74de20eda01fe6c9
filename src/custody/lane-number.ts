/**
 * Numbers of lanes. The number of a subdevice is its lane for ordinary messages in both directions. Its alarms have an
 * uplink lane of their own, so that they do not wait behind a backlog on disk (docs/decisions/0014). Rows of both lanes
 * are in the same tables.
 */

/**
 * Larger than any subdevice number: no gateway has a million subdevices. A single bit, so that a flipped bit is detected.
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

/** Name of a lane in texts: `pump`, `pump (alarms)`. */
export function laneWords(lane: number, subdevice: string): string {
  return isAlarmLane(lane) ? `${subdevice} (alarms)` : subdevice;
}
