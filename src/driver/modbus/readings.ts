/** Points of a Modbus unit as values in its state. */
import { decimalOf, digitsOf } from '../../base/decimal.ts';
import type { Reading, ReadingCommand } from '../reading.ts';
import type { PointSection, UnitSection } from './link-keys.ts';
import { typeOf } from './options.ts';
import { isFloat, scaled } from './points.ts';
import { RANGES } from './writes.ts';

/** Smallest step of a number in Home Assistant. */
const STEP_MIN = 0.001;

/** Returns the values in the state of each unit, by its subdevice. A broadcast has no state. */
export function readingsByUnit(units: readonly UnitSection[]): ReadonlyMap<string, readonly Reading[]> {
  const known = new Readings();
  return new Map(
    units
      .filter(({ address }) => address !== 0)
      .map((unit) => [unit.id, unit.point.map((point) => known.of(point, unit))]),
  );
}

/** Values of the units of one link. Units that share points of a device profile share their values. */
class Readings {
  private readonly byPoint = new Map<PointSection, Map<string, Reading>>();

  of(point: PointSection, unit: UnitSection): Reading {
    const readings = this.byPoint.get(point) ?? new Map<string, Reading>();
    const key = `${unit.state_topic} ${unit.set_topic}`;
    const reading = readings.get(key) ?? readingOf(point, unit);
    this.byPoint.set(point, readings.set(key, reading));
    return reading;
  }
}

function readingOf(point: PointSection, unit: UnitSection): Reading {
  return {
    name: point.name,
    topic: unit.state_topic,
    kind: kindOf(point),
    quantity: {
      unit: point.unit_of_measurement,
      deviceClass: point.device_class,
      stateClass: point.state_class,
    },
    command: point.writable ? commandOf(point, unit) : undefined,
  };
}

function kindOf(point: PointSection): Reading['kind'] {
  const type = typeOf(point);
  return type === 'bool' ? 'bool' : type === 'string' ? 'text' : 'number';
}

/** @returns `undefined` for a value that a number of JSON cannot express, and for a text */
function commandOf(point: PointSection, unit: UnitSection): ReadingCommand | undefined {
  const { set_topic: topic } = unit;
  const type = typeOf(point);
  if (type === 'bool') return { topic, range: undefined };
  if (type === 'string' || type === 'int64' || type === 'uint64') return undefined;
  const { scale, offset } = point;
  const ends = isFloat(type)
    ? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
    : RANGES[type].map((raw) => Number(digitsOf(scaled({ type, scale, offset }, decimalOf(raw)))));
  const min = Math.max(Math.min(...ends), point.min ?? Number.NEGATIVE_INFINITY);
  const max = Math.min(Math.max(...ends), point.max ?? Number.POSITIVE_INFINITY);
  if (!Number.isFinite(min) || !Number.isFinite(max) || min >= max) return undefined;
  return { topic, range: { min, max, step: isFloat(type) ? STEP_MIN : Math.max(Math.abs(scale), STEP_MIN) } };
}
