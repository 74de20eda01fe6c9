/** Units whose registers show unit and address as their value, so that a value of another register is detected. */
import { ANSWER_MS_MAX, ModbusWire, point, unitPlan, type WirePlan } from './modbus-wire.ts';

/**
 * Registers with their own address as value, none adjacent to another: one request each, and answers of one length.
 */
const PLACES = [10, 20, 30, 40];
export const MARKED = PLACES.map((address) => point(`p${address}`, address));
export const markOf = (unit: number, address: number): number => unit * 1000 + address;

export function markedWire(plan: Partial<WirePlan> = {}, addresses = [1, 2, 3]): ModbusWire {
  const wire = new ModbusWire({ units: addresses.map((address) => unitPlan(address, MARKED)), ...plan });
  for (const unit of addresses) for (const place of PLACES) wire.unit(unit).holdings[place] = markOf(unit, place);
  return wire;
}

/**
 * Values reported for another register than theirs. A register may be reported only with its own mark, or with null.
 */
export function mixedUp(wire: ModbusWire): unknown[] {
  return wire.states.flatMap(({ subdevice, values }) =>
    Object.entries(values).filter(([name, value]) => {
      const mark = markOf(Number(subdevice.split('-')[1]), Number(name.slice(1)));
      return value !== null && value !== mark;
    }),
  );
}

/** Mostly in time, sometimes later than the deadline, up to `factorMax` times the deadline. */
export function lateBy(random: () => number, most: number): number {
  return random() < 0.7 ? 5 : random() * most * ANSWER_MS_MAX;
}
