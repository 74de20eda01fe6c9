/**
 * An adapter that receives what it sends: the echo is recognised and removed, and no echo counts as an answer. The
 * negative controls are the same lines with echo = "off".
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ModbusRequest } from '../../../../src/codec/modbus-pdu.ts';
import { appendCrc, encodeRequest } from '../../../../src/codec/modbus-rtu.ts';
import { AdapterEcho, type EchoMode } from '../../../../src/driver/modbus/adapter-echo.ts';
import { ModbusWire, point, unitPlan, type WirePlan } from './modbus-wire.ts';

const PLACES = [10, 20, 30];
const MARKED = [
  ...PLACES.map((address) => point(`p${address}`, address)),
  point('on', 5, { table: 'coil', type: 'bool' }),
];
const markOf = (unit: number, address: number): number => unit * 1000 + address;

function echoWire(echo: EchoMode, more: Partial<WirePlan> = {}, echoes = () => true): ModbusWire {
  const units = [unitPlan(1, MARKED), unitPlan(2, MARKED)];
  const wire = new ModbusWire({ units, echoes, ...more, link: { echo } });
  for (const [address, { holdings }] of wire.units)
    for (const place of PLACES) holdings[place] = markOf(address, place);
  return wire;
}

/** Reported values of registers that differ from the mark of their register. */
function wrongValues(wire: ModbusWire): unknown[] {
  return wire.states.flatMap(({ subdevice, values }) =>
    PLACES.map((place) => [values[`p${place}`], markOf(Number(subdevice.split('-')[1]), place)]).filter(
      ([value, mark]) => value !== null && value !== undefined && value !== mark,
    ),
  );
}

const attached = (wire: ModbusWire): number => wire.link.attachedSubdevices().length;

describe('on an adapter that echoes', () => {
  it.each<EchoMode>(['auto', 'on'])('with echo = "%s" states are read and commands are carried out', (echo) => {
    const wire = echoWire(echo);
    wire.run(() => wire.states.length === 2);
    wire.command(1, 1, { p10: 7, on: true });
    expect(wire.run(() => wire.endings.has(1))).toBe(true);
    expect(wire.results).toEqual([{ ok: true, values: { p10: 7, on: true } }]);
    expect(wire.unit(1).holdings[10]).toBe(7);
    wire.runFor(5000);
    const { counters } = wire.link;
    expect(counters).toMatchObject({ crcErrors: 0, unexpectedPackets: 0, retries: 0 });
    expect(counters.echoes).toBeGreaterThan(0);
    expect(counters.framesOut - counters.echoes).toBeLessThanOrEqual(1);
    expect(wire.discards).toEqual([]);
  });

  it('negative control: with echo = "off" no unit is attached, and the reason is named', () => {
    const wire = echoWire('off');
    wire.runFor(20_000);
    expect(attached(wire)).toBe(0);
    expect(wire.discards[0]).toMatchObject({
      reason: 'unit mismatch',
      sample: expect.stringContaining('the request itself, echoed by the adapter'),
    });
    expect(wire.link.counters.echoes).toBeGreaterThan(0);
  });

  it('a unit that does not answer is silent, and no write to it counts as carried out', () => {
    let isThere = true;
    const wire = echoWire('auto', { answerMs: (address) => (address === 2 || isThere ? 5 : undefined) });
    wire.run(() => wire.states.length === 2);
    isThere = false;
    wire.command(1, 1, { p10: 7 });
    expect(wire.run(() => wire.endings.has(1))).toBe(true);
    expect(wire.endings.get(1)).toBe('lost');
    expect(wire.results).toEqual([]);
    expect(wire.discards[0]).toMatchObject({ reason: 'unit silent', sample: expect.stringContaining('only the echo') });
    expect(wire.isAttached(2)).toBe(true);
  });

  it('a broadcast is sent, and its echo is not unexpected', () => {
    const wire = echoWire('auto', {
      units: [unitPlan(1, MARKED), unitPlan(2, MARKED), unitPlan(0, [point('all', 7)])],
    });
    wire.run(() => wire.states.length === 2 && wire.isAttached(0));
    wire.command(0, 1, { all: 9 });
    wire.run(() => wire.endings.has(1));
    expect(wire.unit(2).holdings[7]).toBe(9);
    expect(wire.link.counters.unexpectedPackets).toBe(0);
  });

  it.each(Array.from({ length: 12 }, (_, seed) => seed))(
    'noise and late answers mix no values up (seed %i)',
    (seed) => {
      const answerMs = (_: number, random: () => number) => (random() < 0.05 ? Math.floor(random() * 250) : 5);
      const wire = echoWire('auto', { seed, damage: 0.03, answerMs });
      let token = 0;
      for (let round = 0; round < 20; round += 1) {
        wire.runFor(2000);
        token += 1;
        if (wire.isAttached(1)) wire.command(1, token, { on: round % 2 === 0 });
      }
      expect(wrongValues(wire)).toEqual([]);
      expect(wire.states.length).toBeGreaterThan(2);
      expect(wire.results.length).toBeGreaterThan(2);
      // the value that the unit holds was read, or the result reports that nothing was
      for (const result of wire.results)
        expect(result).toSatisfy(
          ({ ok, error }: { ok: boolean; error?: string }) => ok || /: (no answer|received)/.test(error ?? ''),
        );
    },
  );
});

describe('an adapter that is exchanged', () => {
  it.each([true, false])('is recognised when the port opens again (echo first: %s)', (isFirst) => {
    let echoes = isFirst;
    const wire = echoWire('auto', {}, () => echoes);
    for (const token of [1, 2]) {
      wire.run(() => attached(wire) === 2);
      wire.command(1, token, { on: token === 1 });
      expect(wire.run(() => wire.endings.has(token))).toBe(true);
      echoes = !isFirst;
      wire.input({ kind: 'closed', reason: 'unplugged' });
    }
    expect(wire.results).toEqual([
      { ok: true, values: { on: true } },
      { ok: true, values: { on: false } },
    ]);
  });

  it.each([true, false])('is recognised while the port is open (echo first: %s)', (isFirst) => {
    let echoes = isFirst;
    const wire = echoWire('auto', {}, () => echoes);
    wire.run(() => wire.states.length === 2);
    echoes = !isFirst;
    wire.runFor(1000);
    const { retries } = wire.link.counters;
    wire.command(1, 1, { p10: 7 });
    expect(wire.run(() => wire.endings.has(1))).toBe(true);
    expect(wire.results).toEqual([{ ok: true, values: { p10: 7 } }]);
    expect(wire.link.counters.retries).toBe(retries);
    expect(wire.detaches).toEqual([]);
  });
});

describe('on an adapter without an echo', () => {
  it('a unit that answers only repetitions gets its commands', () => {
    const wire = echoWire('auto', { units: [unitPlan(1, MARKED)] }, () => false);
    const isRepeated = () => wire.sent.length > 1 && wire.sent.at(-1)?.bytes.join() === wire.sent.at(-2)?.bytes.join();
    const unit = wire.unit(1);
    const handle = unit.handle.bind(unit);
    unit.handle = (input, nowMs) => (input.kind === 'bytes' && !isRepeated() ? [] : handle(input, nowMs));
    wire.run(() => attached(wire) === 1);
    wire.command(1, 1, { p10: 7 });
    expect(wire.run(() => wire.endings.has(1))).toBe(true);
    expect(wire.results).toEqual([{ ok: true, values: { p10: 7 } }]);
  });

  it('echo = "on" accepts no answer, and the reason is named', () => {
    const wire = echoWire('on', {}, () => false);
    wire.runFor(5000);
    expect(attached(wire)).toBe(0);
    expect(wire.discards[0]).toMatchObject({
      reason: 'unit mismatch',
      sample: expect.stringContaining('an answer without an echo before it, but echo is "on"'),
    });
  });
});

describe('an echo that is equal to a valid answer', () => {
  const read = { function: 1, unit: 1, address: 0x0314, count: 20 } as const;
  const write = { function: 6, unit: 1, address: 3, value: 7 } as const;

  it.each<[string, ModbusRequest]>([
    ['of 20 coils', read],
    ['of a write', write],
  ])('%s is no answer before the adapter is known', (_, request) => {
    const sent = encodeRequest(request);
    expect(new AdapterEcho('auto').findAnswer(request, sent)).toBeUndefined();
    expect(new AdapterEcho('on').findAnswer(request, sent)).toBeUndefined();
    // negative control: accepted as values of the unit, and as a completed write
    expect(new AdapterEcho('off').findAnswer(request, sent)).toMatchObject({ kind: 'done' });
  });

  it('with an exception behind it is an exception, and not the beginning of four registers', () => {
    const request = { function: 3, unit: 1, address: 0x0801, count: 4 } as const;
    const received = Uint8Array.from([...encodeRequest(request), ...appendCrc([1, 0x83, 2])]);
    expect(new AdapterEcho('auto').findAnswer(request, received)).toEqual({ kind: 'exception', code: 2 });
  });
});

const address = fc.integer({ min: 0, max: 0xff00 });
const anyRequest: fc.Arbitrary<ModbusRequest> = fc.oneof(
  fc.record({
    function: fc.constantFrom(1, 2),
    unit: fc.integer({ min: 1, max: 247 }),
    address,
    count: fc.integer({ min: 1, max: 200 }),
  }),
  fc.record({
    function: fc.constantFrom(3, 4),
    unit: fc.integer({ min: 1, max: 247 }),
    address,
    count: fc.integer({ min: 1, max: 100 }),
  }),
) as fc.Arbitrary<ModbusRequest>;

describe('any read', () => {
  it('with its echo alone, in any pieces and after stray bytes, has no answer', () => {
    fc.assert(
      fc.property(anyRequest, fc.uint8Array({ maxLength: 2 }), (request, stray) => {
        const received = Uint8Array.from([...stray, ...encodeRequest(request)]);
        const echo = new AdapterEcho('auto');
        for (let length = 1; length <= received.length; length += 1)
          expect(echo.findAnswer(request, received.subarray(0, length))).toBeUndefined();
      }),
    );
  });

  it('with its echo and its answer, in any pieces, has this answer', () => {
    fc.assert(
      fc.property(anyRequest, fc.uint8Array({ minLength: 250, maxLength: 250 }), (request, octets) => {
        const count = 'count' in request ? request.count : 0;
        const size = request.function <= 2 ? Math.ceil(count / 8) : count * 2;
        const content = octets.subarray(0, size);
        const answer = appendCrc([request.unit, request.function, size, ...content]);
        const received = Uint8Array.from([...encodeRequest(request), ...answer]);
        const echo = new AdapterEcho('auto');
        for (let length = 1; length < received.length; length += 1)
          expect(echo.findAnswer(request, received.subarray(0, length))).toBeUndefined();
        expect(echo.findAnswer(request, received)).toEqual({ kind: 'done', content: Uint8Array.from(content) });
        expect(echo.isExpected).toBe(true);
      }),
    );
  });
});
