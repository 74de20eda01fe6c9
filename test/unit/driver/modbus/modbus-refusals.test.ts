/**
 * Units that reject some of their registers, or are busy: the values still published, their delay, and the reported
 * state of the rejected ones.
 */
import { describe, expect, it } from 'vitest';
import type { SimulatedUnit, UnitRequest } from '../../../../src/bench/subdevices/modbus-device.ts';
import type { Point } from '../../../../src/driver/modbus/points.ts';
import { ModbusWire, point, unitPlan, type WirePlan } from './modbus-wire.ts';

const HOLES = 'illegal data address';
const row = (count: number, more: Partial<Point> = {}): Point[] =>
  Array.from({ length: count }, (_, at) => point(`p${at}`, at, more));

/** Register n holds n + 1, except for holes in the map. */
function unitWithHoles(wire: ModbusWire, holes: readonly number[], code = 2): SimulatedUnit {
  const unit = wire.unit(1);
  for (let at = 0; at < 200; at += 1) unit.holdings[at] = at + 1;
  unit.exceptionTo = ({ code: asked, start, count }) =>
    asked === 3 && holes.some((hole) => hole >= start && hole < start + count) ? code : undefined;
  return unit;
}

function openWire(points: readonly Point[], more: Partial<WirePlan> = {}, gapMax = 0): ModbusWire {
  return new ModbusWire({ units: [unitPlan(1, points, { gapMax }), unitPlan(2, [point('a', 0)])], ...more });
}

function stateOf(wire: ModbusWire): Readonly<Record<string, unknown>> | undefined {
  return wire.states.findLast(({ subdevice }) => subdevice === 'unit-1')?.values;
}

/** Expected state with these holes. */
function stateWithHoles(count: number, holes: readonly number[], why = HOLES): Record<string, unknown> {
  const values = Array.from({ length: count }, (_, at) => [`p${at}`, holes.includes(at) ? null : at + 1]);
  const errors = holes.map((hole) => [`p${hole}`, why]);
  return { ...Object.fromEntries(values), ...(errors.length > 0 ? { $errors: Object.fromEntries(errors) } : {}) };
}

/** Read requests to unit 1 within the time. */
function readsIn(wire: ModbusWire, ms: number): UnitRequest[] {
  const before = wire.sent.length;
  wire.runFor(ms);
  const asked = wire.sent.slice(before).filter(({ bytes }) => bytes[0] === 1);
  return asked.map(({ bytes: [, code = 0, a = 0, b = 0, c = 0, d = 0] }) => ({
    ...{ code, start: a * 256 + b, count: c * 256 + d },
  }));
}

describe('a unit that rejects some of its registers', () => {
  it.each([[[5]], [[0]], [[9]], [[0, 9]], [[3, 4]], [[1, 3, 5, 7]], [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]])(
    'has all other registers published, with the reason for the rejected ones (%j)',
    (holes) => {
      const wire = openWire(row(10));
      unitWithHoles(wire, holes);
      expect(wire.run(() => Object.keys(stateOf(wire) ?? {}).length >= 10, 10_000)).toBe(true);
      expect(stateOf(wire)).toEqual(stateWithHoles(10, holes));
    },
  );

  it.each([
    [1, 'illegal function'],
    [2, HOLES],
    [3, 'illegal data value'],
    [4, 'server device failure'],
  ])('with exception %i is treated in the same way, and reports %s', (code, words) => {
    const wire = openWire(row(4));
    unitWithHoles(wire, [2], code);
    wire.run(() => stateOf(wire)?.p3 !== undefined);
    expect(stateOf(wire)).toEqual(stateWithHoles(4, [2], words));
  });

  it('is then read at its period, with one more request for each hole', () => {
    const wire = openWire(row(100));
    unitWithHoles(wire, [17, 60]);
    wire.runFor(5000);
    const reads = readsIn(wire, 2000);
    expect(new Set(reads.map(({ start, count }) => `${start}+${count}`))).toEqual(new Set(['0+17', '18+42', '61+39']));
    expect(reads.length).toBeGreaterThan(3 * 17);
    expect(reads.length).toBeLessThan(3 * 24);
  });

  it('that rejects long requests is read in parts that it accepts', () => {
    const wire = openWire(row(100));
    unitWithHoles(wire, []).exceptionTo = ({ count }) => (count > 30 ? 3 : undefined);
    wire.runFor(5000);
    expect(stateOf(wire)).toEqual(stateWithHoles(100, []));
    const reads = readsIn(wire, 2000);
    expect(reads.every(({ count }) => count <= 30)).toBe(true);
    expect(new Set(reads.map(({ start }) => start)).size).toBeLessThanOrEqual(8);
  });

  it('that lacks the registers in between is read around them', () => {
    const points = [point('a', 0), point('b', 1), point('c', 4), point('d', 5)];
    const wire = openWire(points, {}, 10);
    unitWithHoles(wire, [2, 3]);
    wire.runFor(3000);
    expect(stateOf(wire)).toEqual({ a: 1, b: 2, c: 5, d: 6 });
    const reads = readsIn(wire, 2000);
    expect(new Set(reads.map(({ start, count }) => `${start}+${count}`))).toEqual(new Set(['0+2', '4+2']));
  });

  it('is asked for the rejected registers again from time to time, and they are published once it has them', () => {
    const wire = openWire(row(10, { pollMs: 1000 }));
    const unit = unitWithHoles(wire, [5]);
    wire.runFor(10_000);
    expect(readsIn(wire, 3_600_000).filter(({ start, count }) => start === 5 && count === 1).length).toBeLessThan(8);
    unit.exceptionTo = () => undefined;
    expect(wire.run(() => stateOf(wire)?.p5 === 6, 3_700_000)).toBe(true);
    expect(stateOf(wire)).toEqual(stateWithHoles(10, []));
    wire.runFor(5000);
    expect(new Set(readsIn(wire, 5000).map(({ count }) => count))).toEqual(new Set([10]));
  });

  it('is asked for the rejected registers again after it was lost', () => {
    let isAway = false;
    const wire = openWire(row(10), { answerMs: (address) => (isAway && address === 1 ? undefined : 5) });
    const unit = unitWithHoles(wire, [5]);
    wire.runFor(5000);
    isAway = true;
    wire.run(() => wire.detaches.length > 0);
    unit.exceptionTo = () => undefined;
    isAway = false;
    expect(wire.run(() => stateOf(wire)?.p5 === 6, 40_000)).toBe(true);
  });

  it('that loses a register while it runs keeps the others', () => {
    const wire = openWire(row(10));
    unitWithHoles(wire, []);
    wire.run(() => stateOf(wire) !== undefined);
    unitWithHoles(wire, [5]);
    wire.unit(1).holdings[6] = 77;
    expect(wire.run(() => stateOf(wire)?.p5 === null)).toBe(true);
    expect(stateOf(wire)).toEqual({ ...stateWithHoles(10, [5]), p6: 77 });
    expect(wire.detaches).toEqual([]);
  });
});

describe('a unit that is busy', () => {
  it('for a moment keeps its state', () => {
    const wire = openWire(row(2));
    const unit = unitWithHoles(wire, []);
    wire.run(() => stateOf(wire) !== undefined);
    let left = 2;
    unit.exceptionTo = () => {
      left -= 1;
      return left >= 0 ? 6 : undefined;
    };
    wire.runFor(3000);
    expect(wire.states.map(({ values }) => values)).not.toContainEqual(expect.objectContaining({ p0: null }));
    expect(stateOf(wire)).toEqual(stateWithHoles(2, []));
  });

  it('for longer is reported as busy, and its blocks are not split; the other units are polled as before', () => {
    const wire = openWire(row(4));
    const unit = unitWithHoles(wire, []);
    unit.exceptionTo = () => 6;
    expect(wire.run(() => stateOf(wire)?.p0 === null)).toBe(true);
    expect(stateOf(wire)).toEqual(stateWithHoles(4, [0, 1, 2, 3], 'the unit is busy'));
    const before = wire.sent.length;
    wire.runFor(2000);
    const asked = (address: number) => wire.sent.slice(before).filter(({ bytes }) => bytes[0] === address).length;
    expect(asked(1)).toBeLessThanOrEqual(5);
    expect(asked(2)).toBeGreaterThan(15);
    unit.exceptionTo = () => undefined;
    expect(wire.run(() => stateOf(wire)?.p0 === 1)).toBe(true);
    expect(new Set(readsIn(wire, 1000).map(({ count }) => count))).toEqual(new Set([4]));
  });
});

describe('the report of the driver', () => {
  it('on a unit that never answers is repeated for as long as the silence lasts, with the time of last reception', () => {
    const wire = openWire(row(2), { answerMs: (address) => (address === 1 ? undefined : 5) });
    wire.runFor(120_000);
    expect(wire.discards.length).toBeGreaterThan(3);
    expect(new Set(wire.discards.map(({ subdevice, reason }) => `${subdevice} ${reason}`))).toEqual(
      new Set(['unit-1 unit silent']),
    );
    expect(wire.discards[0]?.sample).toBe('unit 1, a request for holding 0, count 2: no answer');
    expect(wire.link.lastReceivedAtMs('unit-1')).toBeUndefined();
    expect(wire.nowMs - (wire.link.lastReceivedAtMs('unit-2') ?? 0)).toBeLessThan(300);
  });

  it('on a unit that rejects points names them and the reason, at least every minute or so', () => {
    const wire = openWire(row(10, { pollMs: 1000 }));
    unitWithHoles(wire, [4, 7]);
    wire.runFor(600_000);
    expect(wire.discards.every(({ reason }) => reason === 'unit exception')).toBe(true);
    expect(wire.discards.at(-1)?.sample).toBe('unit 1, p4 (holding 4): illegal data address, and 1 more');
    expect(wire.discards.length).toBeGreaterThanOrEqual(9);
    expect(wire.discards.length).toBeLessThan(25);
  });

  it('on a unit that a Modbus gateway does not reach contains the exception of that gateway', () => {
    const wire = openWire(row(2));
    wire.unit(1).exceptionTo = () => 11;
    wire.runFor(10_000);
    expect(wire.discards[0]).toMatchObject({
      reason: 'unit silent',
      sample: expect.stringContaining('behind the Modbus gateway'),
    });
    expect(wire.isAttached(1)).toBe(false);
  });

  it.each<[string, (body: readonly number[]) => readonly number[], string]>([
    ['another unit', ([, ...rest]) => [9, ...rest], 'an answer of unit 9'],
    ['another function', ([unit = 0, , ...rest]) => [unit, 4, ...rest], 'an answer to function 4 instead of 3'],
    ['an exception of another function', ([unit = 0]) => [unit, 0x84, 2], 'an answer to function 4 instead of 3'],
    ['fewer registers', (body) => [...body.slice(0, 2), 2, ...body.slice(3, 5)], 'an answer of 2 octets instead of 4'],
    [
      'more registers',
      (body) => [...body.slice(0, 2), 6, ...body.slice(3), 0, 1],
      'an answer of 6 octets instead of 4',
    ],
    ['a request', () => [1, 3, 0, 0, 0, 2], 'the request itself, echoed by the adapter'],
    ['a request of others', () => [7, 3, 0, 0, 0, 2], 'a request to unit 7 of another master'],
  ])('on a unit that answers with %s names that, counted apart from damage', (_, alters, words) => {
    const wire = openWire(row(2), { link: { echo: 'off' } });
    wire.unit(1).alters = alters;
    wire.runFor(20_000);
    const [first] = wire.discards;
    expect(first).toEqual({
      ...{ subdevice: 'unit-1', reason: 'unit mismatch' },
      sample: `unit 1, a request for holding 0, count 2: received ${words}`,
    });
    expect(wire.link.counters.unexpectedPackets).toBeGreaterThanOrEqual(3);
    expect(wire.link.counters.crcErrors).toBe(0);
    expect(stateOf(wire)).toBeUndefined();
    expect(wire.isAttached(2)).toBe(true);
  });

  it('on a unit with damaged answers names the checksum', () => {
    const wire = openWire(row(2));
    wire.unit(1).alters = (body) => [...body, 0x55];
    wire.runFor(5000);
    expect(wire.discards[0]).toMatchObject({ reason: 'unit checksum' });
    expect(wire.link.counters.crcErrors).toBeGreaterThanOrEqual(3);
  });

  it('on a write with an answer for another register names that, in the result too', () => {
    const wire = openWire(row(2));
    wire.run(() => wire.isAttached(1));
    wire.unit(1).alters = (body) => (body[1] === 6 ? [1, 6, 0, 5, ...body.slice(4)] : body);
    for (let token = 1; token <= 3; token += 1) {
      wire.run(() => wire.isAttached(1), 60_000);
      wire.command(1, token, { p1: 7 });
      wire.run(() => wire.endings.has(token));
    }
    const words = 'received an answer for address 5 instead of 1';
    expect(wire.discards[0]).toMatchObject({ reason: 'unit mismatch', sample: `unit 1, a command: ${words}` });
    expect(wire.endings.get(3)).toBe('unanswered');
    expect(wire.run(() => wire.results.length > 0)).toBe(true);
    expect(wire.results).toEqual([{ ok: false, error: `p1: ${words}` }]);
  });

  it('on a unit that rejects all its registers is repeated for hours, and ends when the unit is lost', () => {
    const wire = new ModbusWire({ units: [unitPlan(1, row(2, { pollMs: 60_000 }))] });
    wire.unit(1).exceptionTo = () => 1;
    wire.runFor(3 * 3_600_000);
    expect(wire.discards.length).toBeGreaterThan(150);
    expect(wire.discards.length).toBeLessThan(220);
  });

  it('on a float that is not a number names that', () => {
    const wire = openWire([point('f', 0, { type: 'float32' })]);
    wire.unit(1).holdings.set([0x7fc0, 0], 0);
    wire.runFor(5000);
    expect(stateOf(wire)).toEqual({ f: null, $errors: { f: 'not a number' } });
    expect(wire.discards).toEqual([
      { subdevice: 'unit-1', reason: 'unit value', sample: 'unit 1, f (holding 0): not a number' },
    ]);
  });

  it('on a content that means "not available" is not made, and the point has no value while it lasts', () => {
    const temp = (notAvailable: string[]) => point('temp', 0, { type: 'int16', scale: 0.1, notAvailable });
    const wire = openWire([temp(['7fff', '8000'])]);
    wire.unit(1).holdings.set([0x8000], 0);
    wire.runFor(90_000);
    expect(stateOf(wire)).toEqual({ temp: null, $errors: { temp: 'not available' } });
    expect(wire.discards).toEqual([]);
    wire.unit(1).holdings.set([215], 0);
    wire.runFor(1000);
    expect(stateOf(wire)).toEqual({ temp: 21.5 });
    // negative control: without the contents, the number is sent
    const other = openWire([temp([])]);
    other.unit(1).holdings.set([0x8000], 0);
    other.runFor(5000);
    expect(stateOf(other)).toEqual({ temp: -3276.8 });
  });
});
