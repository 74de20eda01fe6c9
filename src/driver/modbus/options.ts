/** Units of a Modbus link in the form for the machine, made from valid keys. */
import type { PointSection, UnitSection } from './link-keys.ts';
import type { Point, PointType } from './points.ts';
import type { UnitPlan } from './unit.ts';

export function decodeUnit(unit: UnitSection): UnitPlan {
  return {
    subdevice: unit.id,
    address: unit.address,
    heartbeatMs: unit.heartbeat_s * 1000,
    gapMax: unit.gap_max,
    writeMode: unit.write_mode,
    busyMs: unit.busy_s * 1000,
    stateTopic: unit.state_topic,
    setTopic: unit.set_topic,
    resultTopic: unit.result_topic,
    points: unit.point.map((point) => decodePoint(point, unit.poll_ms)),
  };
}

function decodePoint(point: PointSection, unitPollMs: number): Point {
  return {
    name: point.name,
    table: point.table,
    address: point.address,
    type: typeOf(point),
    bit: point.bit,
    length: point.length,
    encoding: point.encoding ?? 'ascii',
    padding: point.padding ?? 'nul',
    order: point.word_order,
    scale: point.scale,
    offset: point.offset,
    deadband: point.deadband,
    pollMs: point.poll_ms ?? unitPollMs,
    isWritable: point.writable,
    min: point.min,
    max: point.max,
  };
}

export const isBits = ({ table }: PointSection): boolean => table === 'coil' || table === 'discrete';
/** Type of a point, with its default filled in. */
export const typeOf = (point: PointSection): PointType => point.type ?? (isBits(point) ? 'bool' : 'uint16');
