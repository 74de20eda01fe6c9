/**
 * Numbers of lanes. A subdevice's own number is its lane for everything ordinary, up and down; its alarms have an uplink
 * lane of their own, so that they need not wait behind a backlog that is on disk (docs/decisions/0014). Both are rows of the
 * same tables.
 */

/** Above every number a subdevice gets: no gateway knows a million. One bit, so that a flipped one is found out. */
const ALARM = 2 ** 20;

/** The lane of a subdevice's alarms. */
export function alarmLaneOf(subdevice: number): number {
  return subdevice | ALARM;
}

export function isAlarmLane(lane: number): boolean {
  return (lane & ALARM) !== 0;
}

/** Whose lane it is: the subdevice's own number. */
export function ownerOf(lane: number): number {
  return lane & ~ALARM;
}

/** Where a lane is told by name: `pump`, `pump (alarms)`. */
export function laneWords(lane: number, subdevice: string): string {
  return isAlarmLane(lane) ? `${subdevice} (alarms)` : subdevice;
}
