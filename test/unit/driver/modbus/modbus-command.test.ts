/** Commands to Modbus units: the written registers, the result, and custody while the unit is silent. */
import { describe, expect, it } from 'vitest';
import { ModbusWire, point, unitPlan, type WirePlan } from './modbus-wire.ts';

const POINTS = [
  point('level', 0, { min: 10, max: 90 }),
  point('heat', 4, { type: 'int16', scale: 0.1, offset: -5 }),
  point('flow', 10, { type: 'float32', order: 'CDAB' }),
  point('pump', 3, { table: 'coil', type: 'bool' }),
  point('alarm', 6, { type: 'bool', bit: 9 }),
  point('tag', 20, { type: 'string', length: 5 }),
  point('serial', 30, { isWritable: false }),
  point('nowhere', 5000),
];

function openWire(plan: Partial<WirePlan> = {}, mode: 'single' | 'multiple' | 'read-write' = 'single'): ModbusWire {
  const wire = new ModbusWire({
    units: [unitPlan(1, POINTS, { writeMode: mode }), unitPlan(2, [point('a', 0)])],
    ...plan,
  });
  wire.run(() => wire.filters.length === 2);
  wire.runFor(500);
  return wire;
}

function outcomeOf(wire: ModbusWire, command: unknown, token = 1): unknown {
  wire.command(1, token, command);
  wire.run(() => wire.endings.has(token) && wire.results.length > 0);
  return [wire.endings.get(token), wire.results.at(-1)];
}

describe('a command to a Modbus unit', () => {
  it.each(['single', 'multiple', 'read-write'] as const)('is written, read back and reported (%s)', (mode) => {
    const wire = openWire({}, mode);
    const values = { level: 42, heat: 21.5, flow: 0.1, pump: true, alarm: true, tag: 'ab' };
    expect(outcomeOf(wire, values)).toEqual(['delivered', { ok: true, values }]);
    const { holdings, coils } = wire.unit(1);
    expect(holdings[0]).toBe(42);
    expect(holdings[4]).toBe(265);
    expect([holdings[10], holdings[11]]).toEqual([0xcccd, 0x3dcc]); // 0.1 is 3DCCCCCD, with the lower register first.
    expect(coils[3]).toBe(1);
    expect(holdings[6]).toBe(1 << 9);
    expect([...holdings.subarray(20, 23)]).toEqual([0x6162, 0, 0]);
  });

  it('does not change the other bits of a register', () => {
    const wire = openWire();
    wire.unit(1).holdings[6] = 0xffff;
    outcomeOf(wire, { alarm: false });
    expect(wire.unit(1).holdings[6]).toBe(0xfdff);
  });

  it.each([
    ['no JSON', 'not a JSON object such as {"name": 1}'],
    ['[1]', 'not a JSON object such as {"name": 1}'],
    ['{}', 'the command names no point'],
    [{ depth: 1 }, '"depth" is not a point of this unit'],
    [{ level: 42, serial: 1 }, 'serial is not writable'],
    [{ level: 9 }, 'level takes no less than 10'],
    [{ level: 91 }, 'level takes no more than 90'],
    [{ level: true }, 'level takes a number'],
    [{ level: '42' }, 'level takes a number'],
    [{ heat: 5000 }, 'heat takes -3281.8 to 3271.7'],
    [{ pump: 1 }, 'pump takes true or false'],
    [{ tag: 'longer' }, 'tag takes a text of at most 5 ASCII characters'],
    ['{"__proto__": 1}', '"__proto__" is not a point of this unit'],
  ])('is rejected with nothing written: %j', (command, error) => {
    const wire = openWire();
    expect(outcomeOf(wire, command)).toEqual(['invalid', { ok: false, error }]);
    expect(wire.unit(1).holdings.every((word) => word === 0)).toBe(true);
  });

  it('is rejected when the unit rejects it, and reports how much was written', () => {
    const result = { ok: false, error: 'nowhere was refused: illegal data address', values: { level: 42 } };
    expect(outcomeOf(openWire(), { level: 42, nowhere: 1 })).toEqual(['refused', result]);
  });

  it('is reported as failed if the unit holds another value afterwards', () => {
    const wire = openWire();
    const unit = wire.unit(1);
    wire.command(1, 1, { level: 42 });
    while (unit.holdings[0] !== 42) wire.run(() => unit.holdings[0] === 42);
    unit.holdings[0] = 41;
    wire.run(() => wire.results.length > 0);
    const error = 'level was written and reads back as 41';
    expect(wire.results).toEqual([{ ok: false, error, values: { level: 41 } }]);
    expect(wire.endings.get(1)).toBe('delivered');
  });

  it.each(['single', 'multiple', 'read-write'] as const)(
    'that the unit carries out with another value reports that value (%s)',
    (mode) => {
      const wire = openWire({}, mode);
      wire.unit(1).limit = (register, value) => (register === 0 ? Math.min(value, 80) : value);
      const words = mode === 'single' ? 'level was limited to 80' : 'level was written and reads back as 80';
      const result = { ok: false, error: words, values: { level: 80 } };
      expect(outcomeOf(wire, { level: 90 })).toEqual(['delivered', result]);
      expect(outcomeOf(wire, { level: 70 }, 2)).toEqual(['delivered', { ok: true, values: { level: 70 } }]);
    },
  );

  it('that is answered with another value and cannot be read back reports the value of the answer', () => {
    const wire = openWire();
    wire.unit(1).limit = (_, value) => Math.min(value, 80);
    wire.unit(1).exceptionTo = ({ code, count }) => (code === 3 && count === 1 ? 2 : undefined);
    const result = { ok: false, error: 'level was limited to 80', values: { level: 80 } };
    expect(outcomeOf(wire, { level: 90 })).toEqual(['delivered', result]);
  });

  it('to a busy unit is repeated until the unit accepts it, while the other units are polled', () => {
    const wire = openWire();
    const untilMs = wire.nowMs + 2000;
    wire.unit(1).exceptionTo = ({ code }) => (code === 6 && wire.nowMs < untilMs ? 6 : undefined);
    const before = wire.sent.length;
    expect(outcomeOf(wire, { level: 42 })).toEqual(['delivered', { ok: true, values: { level: 42 } }]);
    expect(wire.nowMs).toBeGreaterThanOrEqual(untilMs);
    const sent = wire.sent.slice(before);
    expect(sent.filter(({ bytes }) => bytes[1] === 6).length).toBeLessThanOrEqual(6);
    expect(sent.filter(({ bytes }) => bytes[0] === 2).length).toBeGreaterThan(10);
  });

  it('to a unit that stays busy ends with the value that the unit holds', () => {
    const wire = openWire();
    wire.unit(1).holdings[0] = 55;
    wire.unit(1).exceptionTo = ({ code }) => (code === 6 ? 6 : undefined);
    const result = { ok: false, error: 'level was not written: the unit is busy', values: { level: 55 } };
    expect(outcomeOf(wire, { level: 42, pump: true })).toEqual(['refused', result]);
    expect(wire.unit(1).coils[3]).toBe(0);
  });

  it('to a unit that stays busy for reads as well ends with an error', () => {
    const wire = openWire();
    wire.unit(1).exceptionTo = () => 6;
    expect(outcomeOf(wire, { level: 42 })).toEqual([
      ...['refused', { ok: false, error: 'level was not written: the unit is busy' }],
    ]);
  });

  it('that the unit only acknowledges is read back until it is done, and not written again', () => {
    const wire = openWire();
    const unit = wire.unit(1);
    unit.limit = (_, value) => {
      wire.later(1500, () => unit.holdings.set([value], 0));
      return 0;
    };
    unit.acknowledges = ({ code }) => code === 6;
    const before = wire.sent.length;
    expect(outcomeOf(wire, { level: 42 })).toEqual(['delivered', { ok: true, values: { level: 42 } }]);
    expect(wire.sent.slice(before).filter(({ bytes }) => bytes[1] === 6)).toHaveLength(1);
  });

  it('that the unit only acknowledges and never executes reports the value that the unit holds', () => {
    const wire = openWire();
    wire.unit(1).holdings[0] = 55;
    wire.unit(1).exceptionTo = ({ code }) => (code === 6 ? 5 : undefined);
    const result = { ok: false, error: 'level was accepted and reads back as 55', values: { level: 55 } };
    expect(outcomeOf(wire, { level: 42 })).toEqual(['delivered', result]);
  });

  it('keeps all digits of its numbers, in both directions', () => {
    const points = [point('total', 40, { type: 'uint64' }), point('rate', 50, { scale: 0.1 })];
    const wire = new ModbusWire({ units: [unitPlan(1, points)] });
    wire.run(() => wire.filters.length === 1);
    wire.command(1, 1, '{"total": 18446744073709551615, "rate": 234.5}');
    wire.run(() => wire.results.length > 0);
    expect([...wire.unit(1).holdings.subarray(40, 44), wire.unit(1).holdings[50]]).toEqual([
      ...[0xffff, 0xffff, 0xffff, 0xffff, 2345],
    ]);
    expect(wire.resultTexts).toEqual(['{"ok":true,"values":{"total":18446744073709551615,"rate":234.5}}']);
    wire.command(1, 2, '{"total": 18446744073709551616}');
    wire.run(() => wire.results.length > 1);
    expect(wire.results[1]).toEqual({ ok: false, error: 'total takes 0 to 18446744073709551615' });
  });

  it('without points writes nothing and has no result', () => {
    const wire = openWire();
    wire.command(1, 1, '');
    wire.run(() => wire.endings.has(1));
    expect([wire.endings.get(1), wire.results]).toEqual(['empty', []]);
  });

  it('rejects an object as a number', () => {
    const wire = openWire();
    expect(outcomeOf(wire, '{"level": {"digits": "42"}}')).toEqual([
      ...['invalid', { ok: false, error: 'level takes a number' }],
    ]);
    expect(outcomeOf(wire, '{"level": 1e999}', 2)).toEqual([
      ...['invalid', { ok: false, error: 'level takes a number' }],
    ]);
  });

  it('stays in custody while the unit is silent, and is executed when the unit is back', () => {
    let isSilent = false;
    const wire = openWire({ answerMs: (address) => (isSilent && address === 1 ? undefined : 5) });
    isSilent = true;
    wire.command(1, 1, { level: 42 });
    wire.run(() => wire.endings.size > 0);
    expect(wire.endings.get(1)).toBe('lost');
    expect(wire.isAttached(1)).toBe(false);
    expect(wire.results).toEqual([]);
    isSilent = false;
    wire.run(() => wire.isAttached(1));
    expect(outcomeOf(wire, { level: 42 }, 2)).toEqual(['delivered', { ok: true, values: { level: 42 } }]);
  });

  it('to a lost unit stays in custody', () => {
    const wire = openWire({ answerMs: (address) => (address === 1 ? undefined : 5) });
    wire.command(1, 1, { level: 42 });
    expect(wire.endings.get(1)).toBe('lost');
  });

  it('that the unit never answers ends after a limited time, even if the unit answers every poll between', () => {
    let wasWrite = false;
    const wire = openWire({ answerMs: () => (wasWrite ? undefined : 5) });
    const watch = (): void => {
      wasWrite = wire.sent.at(-1)?.bytes[1] === 6;
      wire.later(1, watch);
    };
    watch();
    for (const token of [1, 2, 3]) {
      expect(wire.run(() => wire.isAttached(1))).toBe(true);
      wire.command(1, token, { level: 42 });
      expect(wire.run(() => wire.endings.has(token))).toBe(true);
    }
    expect([...wire.endings.values()]).toEqual(['lost', 'lost', 'unanswered']);
    expect(wire.run(() => wire.results.length === 1)).toBe(true);
    expect(wire.results).toEqual([{ ok: false, error: 'level: no answer' }]);
  });

  it('keeps its result until there is room for it', () => {
    let isFull = true;
    const wire = openWire({ refuse: () => (isFull ? 'congestion' : undefined) });
    for (let token = 1; token <= 40; token += 1) {
      wire.command(1, token, { level: 42 });
      if (!wire.run(() => wire.endings.has(token), 5000)) break;
    }
    expect(wire.endings.size).toBe(16);
    isFull = false;
    expect(wire.run(() => wire.results.length === 17, 30_000)).toBe(true);
  });

  it('is reported as soon as there is room, even if its unit has been lost meanwhile', () => {
    let isFull = true;
    let isSilent = false;
    const wire = openWire({
      refuse: () => (isFull ? 'congestion' : undefined),
      answerMs: (address) => (isSilent && address === 1 ? undefined : 5),
    });
    wire.command(1, 1, { level: 42 });
    wire.run(() => wire.endings.size === 1);
    isSilent = true;
    expect(wire.run(() => !wire.isAttached(1))).toBe(true);
    isFull = false;
    expect(wire.run(() => wire.results.length === 1, 5000)).toBe(true);
    expect(wire.isAttached(1)).toBe(false);
  });

  it('without end delays no poll', () => {
    const wire = openWire();
    let token = 0;
    const command = (): void => {
      if (wire.endings.size === token) {
        token += 1;
        wire.command(1, token, { level: 42 });
      }
      wire.later(1, command);
    };
    command();
    wire.runFor(2000);
    wire.unit(2).holdings[0] = 7;
    const before = wire.states.length;
    expect(wire.run(() => wire.states.slice(before).some(({ subdevice }) => subdevice === 'unit-2'), 1000)).toBe(true);
    expect(token).toBeGreaterThan(20);
  });

  it('to all units is sent once, followed by a pause for the units, without waiting for an answer', () => {
    const everyone = unitPlan(0, [point('clear', 7, { table: 'coil', type: 'bool' })]);
    const wire = new ModbusWire({ units: [everyone, unitPlan(1, POINTS)] });
    wire.run(() => wire.filters.length === 2);
    wire.runFor(500);
    wire.command(0, 1, { clear: true });
    wire.run(() => wire.results.length > 0);
    expect(wire.endings.get(1)).toBe('delivered');
    expect(wire.results).toEqual([{ ok: true, values: { clear: true } }]);
    expect(wire.unit(1).coils[7]).toBe(1);
    wire.runFor(500);
    const index = wire.sent.findIndex(({ bytes }) => bytes[0] === 0);
    expect((wire.sent[index + 1]?.atMs ?? 0) - (wire.sent[index]?.atMs ?? 0)).toBeGreaterThanOrEqual(100);
  });
});
