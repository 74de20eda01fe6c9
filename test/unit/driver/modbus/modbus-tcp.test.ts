/**
 * The Modbus link with frames of Modbus TCP: several units behind one address, transaction ids, late answers, invalid
 * headers, and networks that are slow or deliver answers in pieces.
 */
import { describe, expect, it } from 'vitest';
import { encodeMbap } from '../../../../src/codec/modbus-mbap.ts';
import { MbapLine } from '../../../../src/driver/modbus/mbap-line.ts';
import { RtuLine } from '../../../../src/driver/modbus/rtu-line.ts';
import { lateBy, MARKED, markedWire, markOf, mixedUp } from './marked-wire.ts';
import { ANSWER_MS_MAX, ModbusWire, point, unitPlan, type WirePlan } from './modbus-wire.ts';

const SEEDS = Array.from({ length: 12 }, (_, seed) => seed);

function tcpWire(plan: Partial<WirePlan> = {}, addresses = [1, 2, 3]): ModbusWire {
  return markedWire({ framing: 'mbap', ...plan }, addresses);
}

const LIMITS = { answerMsMax: 100, retriesMax: 0, units: [], pauseMs: 0, pauseAfterWriteMs: 0 };
const READ = { function: 3, unit: 1, address: 0, count: 1 } as const;
const idOf = (frame: Uint8Array): number => ((frame[0] ?? 0) << 8) | (frame[1] ?? 0);

describe('units behind one address of Modbus TCP', () => {
  it('are polled by their unit ids, each request with the next transaction id', () => {
    const wire = tcpWire({}, [1, 17, 60]);
    expect(wire.run(() => wire.states.length === 3)).toBe(true);
    expect(wire.states.map(({ subdevice }) => subdevice).toSorted()).toEqual(['unit-1', 'unit-17', 'unit-60']);
    expect(mixedUp(wire)).toEqual([]);
    const ids = wire.sent.map(({ bytes }) => idOf(bytes));
    expect(ids).toEqual(ids.map((_, index) => index + 1));
    expect(wire.link.counters).toMatchObject({ unexpectedPackets: 0, crcErrors: 0, retries: 0, echoes: 0 });
  });

  it('may be a device that ignores unit ids and has 255', () => {
    const wire = new ModbusWire({ framing: 'mbap', units: [unitPlan(255, [point('a', 0)])] });
    wire.unit(255).holdings[0] = 7;
    expect(wire.run(() => wire.states.length === 1)).toBe(true);
    expect(wire.states[0]).toEqual({ subdevice: 'unit-255', values: { a: 7 } });
  });

  it('take commands, and report what they hold afterwards', () => {
    const wire = tcpWire();
    wire.run(() => wire.link.attachedSubdevices().length === 3);
    wire.command(2, 7, { p10: 99 });
    expect(wire.run(() => wire.endings.get(7) === 'delivered')).toBe(true);
    expect(wire.unit(2).holdings[10]).toBe(99);
    expect(wire.run(() => wire.results.length === 1)).toBe(true);
    expect(wire.results).toEqual([{ ok: true, values: { p10: 99 } }]);
  });

  it('are absent for themselves: the others are polled as before', () => {
    const wire = tcpWire({ answerMs: (address) => (address === 2 ? undefined : 5) });
    wire.run(() => wire.states.length === 2);
    wire.unit(3).holdings[10] = 9;
    expect(wire.run(() => wire.states.length === 3, 2000)).toBe(true);
    expect(wire.isAttached(2)).toBe(false);
  });

  it.each([10, 11])('do not answer if their gateway answers with exception %i, and refuse no register', (code) => {
    const wire = tcpWire();
    wire.run(() => wire.states.length === 3);
    wire.unit(2).exceptionTo = () => code;
    expect(wire.run(() => wire.detaches.length === 1)).toBe(true);
    expect(wire.detaches).toMatchObject([{ subdevice: 'unit-2', cause: 'no answer' }]);
    expect(wire.discards.map(({ reason }) => reason)).toEqual(['unit silent']);
    wire.unit(2).exceptionTo = () => undefined;
    expect(wire.run(() => wire.isAttached(2), 40_000)).toBe(true);
    expect(mixedUp(wire)).toEqual([]);
  });

  it('stay attached if their gateway reports a missing answer once: the request is repeated', () => {
    const wire = tcpWire();
    wire.run(() => wire.states.length === 3);
    let failures = 1;
    wire.unit(2).exceptionTo = () => (failures-- > 0 ? 11 : undefined);
    wire.runFor(2000);
    expect(wire.detaches).toEqual([]);
    expect(wire.discards).toEqual([]);
    expect(wire.link.counters).toMatchObject({ retries: 1, unexpectedPackets: 0 });
  });

  it('are probed by the test of the link', () => {
    const wire = tcpWire();
    wire.run(() => wire.states.length === 3);
    wire.input({ kind: 'probe', subdevice: 'unit-2', token: 1 });
    wire.run(() => wire.probes.has(1));
    expect(wire.probes.get(1)).toMatchObject({ kind: 'asked', requests: 1, answers: 1, damaged: 0 });
  });

  it('do not count as answering a probe if their gateway answers with exception 11', () => {
    const wire = tcpWire();
    wire.run(() => wire.states.length === 3);
    wire.unit(2).exceptionTo = () => 11;
    wire.input({ kind: 'probe', subdevice: 'unit-2', token: 1 });
    wire.run(() => wire.probes.has(1));
    expect(wire.probes.get(1)).toMatchObject({ kind: 'asked', answers: 0, damaged: 0, tripMs: undefined });
  });

  it('that answer with another unit id are reported, and their values are not used', () => {
    const wire = tcpWire({}, [1]);
    wire.unit(1).alters = ([, ...rest]) => [7, ...rest];
    expect(wire.run(() => wire.discards.length > 0)).toBe(true);
    expect(wire.discards[0]).toMatchObject({
      reason: 'unit mismatch',
      sample: 'unit 1, a request for holding 10, count 1: received an answer of unit 7',
    });
    expect(wire.isAttached(1)).toBe(false);
  });
});

describe('answers of Modbus TCP', () => {
  it.each(SEEDS)('are never mixed up by late arrival (seed %i)', (seed) => {
    const wire = tcpWire({ seed, answerMs: (_, random) => lateBy(random, 5) });
    wire.runFor(120_000);
    expect(mixedUp(wire)).toEqual([]);
    expect(wire.states.length).toBeGreaterThan(2);
    expect(wire.link.counters.unexpectedPackets).toBeGreaterThan(0);
    expect(wire.link.counters.openings).toBe(1);
  });

  it('negative control: are mixed up if each answer has the id of the newest request', () => {
    const mixed = SEEDS.flatMap((seed) => {
      const wire: ModbusWire = tcpWire({
        ...{ seed, answerMs: (_, random) => lateBy(random, 5) },
        replaces: (bytes) => {
          const newest = wire.sent.at(-1)?.bytes ?? bytes;
          return Uint8Array.from([...newest.subarray(0, 2), ...bytes.subarray(2)]);
        },
      });
      wire.runFor(120_000);
      return mixedUp(wire);
    });
    expect(mixed).not.toEqual([]);
  });

  it('need no silence after a time-out: the next request is sent at once, and the late answer is counted', () => {
    const line = new MbapLine(LIMITS);
    line.begin(READ, 0);
    expect(line.wake(100)).toMatchObject([{ kind: 'ended', outcome: { kind: 'no answer' } }]);
    expect(line.blockedUntilMs(1)).toBe(0);
    expect(line.begin({ ...READ, address: 9 }, 100)).toMatchObject([{ kind: 'write' }]);
    expect(line.receive(encodeMbap(1, 1, [3, 2, 0, 7]), 110)).toEqual([]);
    expect(line.counters).toMatchObject({ strays: 1, framesIn: 0 });
    expect(line.receive(encodeMbap(2, 1, [3, 2, 0, 8]), 120)).toMatchObject([
      { kind: 'ended', outcome: { kind: 'done' } },
    ]);
  });

  it('contrary case: with framing rtu the unit gets no other request while a late answer may come', () => {
    const line = new RtuLine({ ...LIMITS, baudRate: 115_200, lateMsMax: 200, echo: 'off' });
    line.begin(READ, 0);
    line.wake(1);
    line.wake(200);
    expect(line.isIdle).toBe(true);
    expect(line.blockedUntilMs(1)).toBeGreaterThan(300);
  });

  it('to the first transmission are accepted while the repetition waits, which has the same id', () => {
    const wire = tcpWire({ answerMs: () => ANSWER_MS_MAX + 50 }, [1]);
    expect(wire.run(() => wire.states.length === 1, 20_000)).toBe(true);
    expect(mixedUp(wire)).toEqual([]);
    expect(wire.sent.slice(0, 4).map(({ bytes }) => idOf(bytes))).toEqual([1, 1, 2, 2]);
  });

  it('of an earlier connection are never read in the next one', () => {
    const wire = tcpWire({ answerMs: () => 50, latencyMs: 20 }, [1]);
    for (let cuts = 0; cuts < 20; cuts += 1) {
      const sent = wire.sent.length;
      wire.run(() => wire.sent.length > sent + 2);
      wire.cut('the network is cut');
    }
    expect(wire.run(() => wire.isAttached(1), 60_000)).toBe(true);
    expect(mixedUp(wire)).toEqual([]);
    expect(wire.link.counters).toMatchObject({ unexpectedPackets: 0, crcErrors: 0 });
  });

  it('have ids that begin again after 65,535', () => {
    const line = new MbapLine(LIMITS);
    const ids = Array.from({ length: 65_540 }, (_, nowMs) => {
      const [action] = line.begin(READ, nowMs);
      if (action?.kind !== 'write') throw new Error('no request was sent');
      const id = idOf(action.bytes);
      const [ending] = line.receive(encodeMbap(id, 1, [3, 2, 0, 7]), nowMs);
      if (ending?.kind !== 'ended') throw new Error('the answer was not accepted');
      return id;
    });
    expect(ids.slice(65_533, 65_538)).toEqual([65_534, 65_535, 0, 1, 2]);
  });
});

describe('a header that cannot be read', () => {
  it.each([
    ['a protocol id other than 0', [0, 1, 0, 5, 0, 3, 1, 3, 0], 'protocol id 5 instead of 0'],
    ['a length of 1', [0, 1, 0, 0, 0, 1, 1], 'length 1 instead of 2 to 254'],
    ['a length of 255', [0, 1, 0, 0, 0, 255, 1], 'length 255 instead of 2 to 254'],
    ['a Modbus RTU frame', [1, 3, 2, 0, 7, 249, 134], 'protocol id 512 instead of 0'],
  ])('ends the connection, and the units are read in a new one: %s', (_, octets, problem) => {
    let isBroken = false;
    const wire = tcpWire({ replaces: (bytes) => (isBroken ? Uint8Array.from(octets) : bytes) });
    wire.run(() => wire.states.length === 3);
    isBroken = true;
    expect(wire.run(() => wire.closes.length === 1)).toBe(true);
    expect(wire.closes).toEqual([`received bytes that are not a Modbus TCP frame (${problem})`]);
    expect(wire.discards).toMatchObject([{ reason: 'unit mismatch', sample: expect.stringContaining(problem) }]);
    isBroken = false;
    expect(wire.run(() => wire.states.length === 6)).toBe(true);
    expect(wire.link.counters).toMatchObject({ openings: 2, crcErrors: 1 });
    expect(mixedUp(wire)).toEqual([]);
  });

  it('ends the connection while no request is running', () => {
    const wire = tcpWire({}, [1]);
    wire.run(() => wire.states.length === 1);
    wire.run(() => wire.link.wakeAtMs() !== wire.nowMs, 50);
    wire.input({ kind: 'bytes', bytes: Uint8Array.of(1, 3, 2, 0, 7, 249, 134) });
    expect(wire.closes).toHaveLength(1);
    wire.input({ kind: 'bytes', bytes: Uint8Array.of(1, 3, 2, 0, 7, 249, 134) });
    expect(wire.closes).toHaveLength(1);
    expect(wire.run(() => wire.states.length === 2)).toBe(true);
  });
});

describe.each(['rtu', 'mbap'] as const)('answers over a network, with framing %s,', (framing) => {
  it('are accepted in single octets with gaps between them', () => {
    // the gaps are far longer than the silence between frames of a serial line
    const wire = markedWire({ framing, pieces: { bytesMax: 1, gapMs: 25 }, link: { answerMsMax: 1000 } }, [1]);
    wire.run(() => wire.states.length > 0);
    wire.runFor(3000);
    expect(wire.states.at(-1)?.values).toEqual(
      Object.fromEntries(MARKED.map(({ name, address }) => [name, markOf(1, address)])),
    );
    expect(wire.link.counters).toMatchObject({ retries: 0, crcErrors: 0, unexpectedPackets: 0 });
  });

  it('arrive after a latency of 300 ms in each direction', () => {
    const wire = markedWire({ framing, latencyMs: 300, link: { answerMsMax: 1000 } });
    expect(wire.run(() => wire.states.length === 3, 120_000)).toBe(true);
    expect(wire.link.counters).toMatchObject({ retries: 0, crcErrors: 0, unexpectedPackets: 0 });
    expect(mixedUp(wire)).toEqual([]);
  });
});
