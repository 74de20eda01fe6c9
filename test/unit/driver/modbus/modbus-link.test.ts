/**
 * The Modbus link with its units: its requests, its uplinks, and its behaviour on silence, noise and late answers.
 */
import { describe, expect, it } from 'vitest';
import { appendCrc } from '../../../../src/codec/modbus-rtu.ts';
import { lateBy, markedWire, markOf, mixedUp } from './marked-wire.ts';
import { ANSWER_MS_MAX, ModbusWire, point, unitPlan } from './modbus-wire.ts';

describe('a Modbus link', () => {
  it('attaches the units that answer, subscribes to their commands, and publishes their whole state once', () => {
    const wire = markedWire();
    expect(wire.run(() => wire.states.length === 3)).toBe(true);
    wire.runFor(2000);
    expect(wire.filters).toEqual(['unit-1/set', 'unit-2/set', 'unit-3/set']);
    expect(wire.states.map(({ values }) => values)).toContainEqual({ p10: 2010, p20: 2020, p30: 2030, p40: 2040 });
    expect(wire.states).toHaveLength(3);
  });

  it('publishes a change beyond the deadband, and no smaller one', () => {
    const wire = new ModbusWire({ units: [unitPlan(1, [point('level', 0, { deadband: 5 }), point('mode', 1)])] });
    wire.run(() => wire.states.length === 1);
    wire.unit(1).holdings[0] = 5;
    wire.runFor(1000);
    expect(wire.states).toHaveLength(1);
    wire.unit(1).holdings[0] = 6;
    expect(wire.run(() => wire.states.length === 2)).toBe(true);
    expect(wire.states[1]?.values).toEqual({ level: 6, mode: 0 });
  });

  it('publishes the state again when the heartbeat is due', () => {
    const points = [point('a', 0), point('b', 9)];
    const wire = new ModbusWire({ units: [unitPlan(1, points, { heartbeatMs: 1000 })], startMs: 5_000_000 });
    wire.runFor(10_100);
    expect(wire.states.every(({ values }) => Object.keys(values).length === 2)).toBe(true);
    expect(wire.states.length).toBeGreaterThanOrEqual(9);
    expect(wire.states.length).toBeLessThanOrEqual(11);
  });

  it('publishes null for a register that a unit refuses to read', () => {
    const wire = new ModbusWire({ units: [unitPlan(1, [point('here', 0), point('beyond', 5000)])] });
    wire.run(() => wire.states.length === 1);
    const $errors = { beyond: 'illegal data address' };
    expect(wire.states[0]?.values).toEqual({ here: 0, beyond: null, $errors });
  });

  it('keeps the newest state if there is no room, and publishes it when there is room', () => {
    let isFull = true;
    const wire = markedWire({ refuse: () => (isFull ? 'congestion' : undefined) }, [1]);
    wire.runFor(3000);
    wire.unit(1).holdings[10] = 7;
    wire.runFor(3000);
    isFull = false;
    expect(wire.link.counters.refusedUplinks).toBeGreaterThan(0);
    expect(wire.run(() => wire.states.length === 1)).toBe(true);
    expect(wire.states[0]?.values).toEqual({ p10: 7, p20: 1020, p30: 1030, p40: 1040 });
    wire.runFor(3000);
    expect(wire.states).toHaveLength(1);
  });

  it('detaches a unit that does not answer, continues with the others, and attaches it again later', () => {
    const away = new Set<number>();
    const wire = markedWire({ answerMs: (address) => (away.has(address) ? undefined : 5) });
    wire.run(() => wire.states.length === 3);
    away.add(2);
    expect(wire.run(() => wire.detaches.length > 0)).toBe(true);
    expect(wire.detaches).toMatchObject([{ subdevice: 'unit-2', cause: 'no answer' }]);
    wire.unit(3).holdings[10] = 9;
    expect(wire.run(() => wire.states.length === 4, 1000)).toBe(true);
    away.clear();
    expect(wire.run(() => wire.isAttached(2), 40_000)).toBe(true);
    expect(wire.run(() => wire.states.length === 5)).toBe(true);
  });

  it.each(['unit', 'line'])('publishes nothing from before the loss of the %s, and reads everything again', (gone) => {
    let isAway = false;
    const points = [point('quick', 0), point('slow', 9, { pollMs: 3_600_000 })];
    const wire = new ModbusWire({ units: [unitPlan(1, points)], answerMs: () => (isAway ? undefined : 5) });
    wire.run(() => wire.states.length === 1);
    if (gone === 'line') wire.input({ kind: 'closed', reason: 'unplugged' });
    isAway = gone === 'unit';
    wire.run(() => wire.detaches.length > 0);
    wire.unit(1).holdings[9] = 7;
    isAway = false;
    wire.run(() => wire.states.length === 2);
    expect(wire.states.map(({ values }) => values)).toEqual([
      { quick: 0, slow: 0 },
      { quick: 0, slow: 7 },
    ]);
  });

  it('polls a lost unit seldom, and a present one at its period', () => {
    const wire = markedWire({ answerMs: (address) => (address === 1 ? undefined : 5) }, [1, 2]);
    wire.runFor(60_000);
    const asked = (unit: number) => wire.sent.filter(({ bytes }) => bytes[0] === unit).length;
    expect(asked(1)).toBeLessThan(60);
    expect(asked(2)).toBeGreaterThan(1200);
  });

  it('detaches all units when the line closes, and starts again when it opens', () => {
    const wire = markedWire();
    wire.run(() => wire.states.length === 3);
    wire.input({ kind: 'closed', reason: 'unplugged' });
    expect(wire.detaches.map(({ cause }) => cause)).toEqual(['link closed', 'link closed', 'link closed']);
    expect(wire.run(() => wire.states.length === 6)).toBe(true);
  });

  it('never sends within the silence that ends a frame', () => {
    const wire = markedWire({ damage: 0.1 });
    wire.runFor(5000);
    const gaps = wire.sent.slice(1).map(({ atMs }, index) => atMs - (wire.sent[index]?.atMs ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(2 + 2); // Bytes take 1 ms or more on the wire in each direction, plus the silence.
  });

  it('reports a failure on a line that is never silent, and recovers when it is silent', () => {
    const wire = markedWire();
    wire.run(() => wire.states.length === 3);
    let isBabbling = true;
    const babble = (): void => {
      if (!isBabbling) return;
      wire.input({ kind: 'bytes', bytes: Uint8Array.of(0x55) });
      wire.later(1, babble);
    };
    babble();
    expect(wire.run(() => wire.detaches.length === 3)).toBe(true);
    isBabbling = false;
    expect(wire.run(() => wire.link.attachedSubdevices().length === 3)).toBe(true);
  });
});

describe('answers', () => {
  const SEEDS = Array.from({ length: 12 }, (_, seed) => seed);

  it.each(SEEDS)('are never mixed up by noise (seed %i)', (seed) => {
    const wire = markedWire({ seed, damage: 0.05 });
    wire.runFor(60_000);
    expect(mixedUp(wire)).toEqual([]);
    expect(wire.states.length).toBeGreaterThan(2);
    expect(wire.link.counters.crcErrors).toBeGreaterThan(0);
  });

  it('negative control: are mixed up if the CRC accepts damage', () => {
    const wire = markedWire({ damage: 0.05, isForged: true });
    wire.runFor(60_000);
    expect(mixedUp(wire)).not.toEqual([]);
  });

  it.each(SEEDS)('are never mixed up by late arrival (seed %i)', (seed) => {
    const wire = markedWire({ seed, damage: 0.02, answerMs: (_, random) => lateBy(random, 2.5) });
    wire.runFor(120_000);
    expect(mixedUp(wire)).toEqual([]);
    expect(wire.states.length).toBeGreaterThan(2);
    expect(wire.link.counters.retries).toBeGreaterThan(0);
  });

  it('negative control: are mixed up if the link does not wait for late ones', () => {
    const mixed = SEEDS.flatMap((seed) => {
      const wire = markedWire({
        seed,
        link: { lateMsMax: -ANSWER_MS_MAX },
        answerMs: (_, random) => lateBy(random, 2.5),
      });
      wire.runFor(120_000);
      return mixedUp(wire);
    });
    expect(mixed).not.toEqual([]);
  });

  /** Answers of unit 1 for its second register, repeated. */
  function strayAnswers(wire: ModbusWire, forMs: number): void {
    const untilMs = wire.nowMs + forMs;
    const [high, low] = [markOf(1, 20) >> 8, markOf(1, 20) & 0xff];
    const sendAnswer = (): void => {
      wire.input({ kind: 'bytes', bytes: appendCrc([1, 3, 2, high, low]) });
      if (wire.nowMs < untilMs) wire.later(30, sendAnswer);
    };
    sendAnswer();
  }

  it('to requests of an earlier process are not accepted as answers to this one', () => {
    const wire = markedWire({ answerMs: () => 80 }, [1]);
    wire.run(() => wire.link.state === 'open');
    strayAnswers(wire, 2 * ANSWER_MS_MAX);
    expect(wire.run(() => wire.states.length === 1)).toBe(true);
    expect(mixedUp(wire)).toEqual([]);
  });

  it('negative control: are accepted if they arrive after the time for late answers', () => {
    const wire = markedWire({ answerMs: () => 80 }, [1]);
    wire.run(() => wire.sent.length === 1);
    strayAnswers(wire, 2 * ANSWER_MS_MAX);
    expect(wire.run(() => wire.states.length === 1)).toBe(true);
    expect(mixedUp(wire)).not.toEqual([]);
  });

  it('to the first transmission are accepted if they arrive while the second one waits', () => {
    const wire = markedWire({ answerMs: () => ANSWER_MS_MAX + 1 }, [1]);
    expect(wire.run(() => wire.states.length === 1, 20_000)).toBe(true);
    expect(mixedUp(wire)).toEqual([]);
  });
});
