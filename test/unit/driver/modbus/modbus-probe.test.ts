/** The probe of a Modbus line: a read of the cheapest block of a unit, out of turn and counted. */
import { describe, expect, it } from 'vitest';
import { ModbusWire, point, unitPlan, type WirePlan } from './modbus-wire.ts';

const SLOW = { pollMs: 60_000 };
/** Unit that is polled once at the start and then not for a minute. */
const UNIT = unitPlan(1, [point('a', 0, SLOW), point('b', 1, SLOW), point('c', 50, SLOW)]);

function openWire(plan: Partial<WirePlan> = {}): ModbusWire {
  const wire = new ModbusWire({ units: [UNIT], ...plan });
  wire.run(() => wire.states.length > 0);
  return wire;
}

function probe(wire: ModbusWire, token: number, subdevice = 'unit-1') {
  wire.input({ kind: 'probe', subdevice, token });
  wire.run(() => wire.probes.has(token));
  return wire.probes.get(token);
}

describe('a probe', () => {
  it('reads the shortest block once, and reports the time of the answer', () => {
    const wire = openWire();
    const before = wire.sent.length;
    const outcome = probe(wire, 1);
    const sent = wire.sent.slice(before);
    const tripMs = wire.nowMs - (sent[0]?.atMs ?? 0);
    expect(outcome).toEqual({ kind: 'asked', requests: 1, answers: 1, damaged: 0, tripMs });
    // One register, from 50 on.
    expect(sent.map(({ bytes }) => [...bytes.subarray(0, 6)])).toEqual([[1, 3, 0, 50, 0, 1]]);
  });

  it('does not change the schedule', () => {
    const wire = openWire();
    const startMs = wire.sent[0]?.atMs ?? 0;
    for (let token = 1; token <= 5; token += 1) probe(wire, token);
    const polls = wire.sent.length;
    wire.run(() => wire.sent.length > polls, 120_000);
    expect(wire.sent.at(-1)?.atMs).toBeLessThanOrEqual(startMs + 61_000);
  });

  it('publishes the values that it read, as a poll does: some registers are cleared by reading', () => {
    const wire = openWire();
    wire.unit(1).holdings[50] = 4711;
    probe(wire, 1);
    wire.run(() => wire.states.length > 1, 1000);
    expect(wire.states.at(-1)?.values).toMatchObject({ c: 4711 });
  });

  it('counts silence, and leaves the detection of a lost unit to the next poll', () => {
    let isOn = true;
    const wire = openWire({ answerMs: () => (isOn ? 5 : undefined) });
    isOn = false;
    expect(probe(wire, 1)).toEqual({ kind: 'asked', requests: 3, answers: 0, damaged: 0, tripMs: undefined });
    expect(wire.isAttached(1)).toBe(true);
    wire.run(() => wire.detaches.length > 0, 120_000);
    expect(wire.detaches).toMatchObject([{ subdevice: 'unit-1', cause: 'no answer' }]);
  });

  it('reaches a unit that did not answer polls, as soon as the unit answers', () => {
    let isOn = false;
    const wire = new ModbusWire({ units: [UNIT], answerMs: () => (isOn ? 5 : undefined) });
    wire.runFor(10_000);
    isOn = true;
    expect(probe(wire, 1)).toMatchObject({ kind: 'asked', answers: 1 });
    expect(wire.run(() => wire.isAttached(1), 1000)).toBe(true);
  });

  it('distinguishes damage from silence, and a noisy wire from a calm one', () => {
    const share = (damage: number) => {
      const wire = openWire({ damage, seed: 7 });
      const sum = { requests: 0, answers: 0, damaged: 0 };
      for (let token = 1; token <= 50; token += 1) {
        const outcome = probe(wire, token);
        if (outcome?.kind !== 'asked') throw new Error(outcome?.why);
        sum.requests += outcome.requests;
        sum.answers += outcome.answers;
        sum.damaged += outcome.damaged;
      }
      return sum;
    };
    expect(share(0)).toEqual({ requests: 50, answers: 50, damaged: 0 });
    const noisy = share(0.1);
    expect(noisy.requests - noisy.answers).toBeGreaterThan(5);
    expect(noisy.damaged).toBeGreaterThan(2);
  });

  it('waits for its turn and delays no command', () => {
    const wire = openWire();
    wire.command(1, 9, { a: 3 });
    wire.input({ kind: 'probe', subdevice: 'unit-1', token: 1 });
    wire.run(() => wire.probes.has(1) && wire.endings.has(9));
    expect([wire.endings.get(9), wire.probes.get(1)?.kind]).toEqual(['delivered', 'asked']);
  });

  it.each([
    ['of an unknown unit', 'unit-9'],
    ['of all units at once', 'unit-0'],
  ])('%s sends no request', (_, subdevice) => {
    const wire = openWire({ units: [UNIT, unitPlan(0, [point('x', 0)])] });
    const before = wire.sent.length;
    expect(probe(wire, 1, subdevice)).toMatchObject({ kind: 'not asked' });
    expect(wire.sent).toHaveLength(before);
    expect(wire.link.probeable()).toEqual(['unit-1']);
  });

  it('ends when the line closes, also while it waits for its turn; a second one meanwhile is rejected', () => {
    const wire = openWire({ answerMs: () => undefined });
    wire.input({ kind: 'probe', subdevice: 'unit-1', token: 1 });
    wire.input({ kind: 'probe', subdevice: 'unit-1', token: 2 });
    expect(wire.probes.get(2)).toMatchObject({ kind: 'not asked' });
    wire.input({ kind: 'closed', reason: 'unplugged' });
    expect(wire.probes.get(1)).toMatchObject({ kind: 'not asked', why: expect.stringMatching(/interrupted/) });
    expect(wire.link.probeable()).toEqual([]);
  });
});
