/** Identification of Modbus units after a probe. */
import { describe, expect, it } from 'vitest';
import { ModbusWire, point, unitPlan, type WirePlan } from './modbus-wire.ts';

const TEXTS = ['Example Works', 'PM-7', '2.13'];
const IDENTITY = { vendor: 'Example Works', product: 'PM-7', revision: '2.13' };
const isIdentification = ({ bytes }: { readonly bytes: Uint8Array }): boolean => bytes[1] === 43;

function openWire(more: Partial<WirePlan> = {}, learned = false): ModbusWire {
  const note = { basis: 'b', refused: [], apart: [], identity: IDENTITY };
  const units = [1, 2].map((address) =>
    unitPlan(address, [point('a', 0)], { basis: 'b', learned: learned ? note : undefined }),
  );
  const wire = new ModbusWire({ units, ...more });
  wire.run(() => wire.link.attachedSubdevices().length === 2);
  return wire;
}

function probe(wire: ModbusWire, token: number): void {
  wire.input({ kind: 'probe', subdevice: 'unit-1', token });
  wire.run(() => wire.probes.has(token));
  wire.runFor(2000);
}

const identityOf = (wire: ModbusWire) => wire.link.deviceNotes().get('unit-1')?.identity;

describe('a Modbus unit', () => {
  it('is asked for its identification after a probe that it answered, once for the probes of one test', () => {
    const wire = openWire();
    wire.unit(1).identification = TEXTS;
    wire.runFor(5000);
    expect(wire.sent.filter(isIdentification)).toEqual([]);
    probe(wire, 1);
    probe(wire, 2);
    expect(identityOf(wire)).toEqual(IDENTITY);
    expect(wire.sent.filter(isIdentification)).toHaveLength(1);
    expect(wire.probes.get(1)).toMatchObject({ kind: 'asked', requests: 1, answers: 1, damaged: 0 });
    wire.runFor(60_000);
    probe(wire, 3);
    expect(wire.sent.filter(isIdentification)).toHaveLength(2);
  });

  it.each([1, 2])('that sends %i objects at a time is asked for the next ones', (identificationMax) => {
    const wire = openWire();
    Object.assign(wire.unit(1), { identification: TEXTS, identificationMax });
    probe(wire, 1);
    expect(identityOf(wire)).toEqual(IDENTITY);
    expect(wire.sent.filter(isIdentification)).toHaveLength(Math.ceil(3 / identificationMax));
  });

  it('that never comes to an end is asked a few times only', () => {
    const wire = openWire();
    Object.assign(wire.unit(1), { identification: TEXTS, alters: again });
    function again(body: readonly number[]): readonly number[] {
      return body[1] === 43 ? [...body.slice(0, 5), 0xff, 0, ...body.slice(7)] : body;
    }
    probe(wire, 1);
    wire.runFor(10_000);
    expect(wire.sent.filter(isIdentification)).toHaveLength(1);
    expect(identityOf(wire)).toEqual(IDENTITY);
  });

  it('that sends empty texts has no identity, also if it had one before', () => {
    const wire = openWire({}, true);
    expect(identityOf(wire)).toEqual(IDENTITY);
    wire.unit(1).identification = ['', '', ''];
    probe(wire, 1);
    expect(wire.sent.filter(isIdentification)).toHaveLength(1);
    expect(identityOf(wire)).toBeUndefined();
  });

  it('that does not know the function has no identity, and stays attached', () => {
    const wire = openWire();
    probe(wire, 1);
    expect(identityOf(wire)).toBeUndefined();
    expect(wire.sent.filter(isIdentification)).toHaveLength(1);
    expect(wire.detaches).toEqual([]);
    expect(wire.discards).toEqual([]);
  });

  it('that does not answer it is not asked again, stays attached, and its next answer is not mixed up', () => {
    const wire = openWire();
    const unit = wire.unit(1);
    const handle = unit.handle.bind(unit);
    // receives nothing that is not a read
    unit.handle = (input, nowMs) =>
      input.kind === 'bytes' && wire.sent.at(-1)?.bytes[1] === 43 ? [] : handle(input, nowMs);
    probe(wire, 1);
    expect(wire.sent.filter(isIdentification)).toHaveLength(1);
    expect(wire.link.counters.retries).toBe(0);
    expect(wire.detaches).toEqual([]);
    expect(wire.discards).toEqual([]);
    wire.unit(1).holdings[0] = 7;
    wire.runFor(2000);
    expect(wire.states.at(-1)?.values).toEqual({ a: 7 });
  });

  it('is identified on an adapter that echoes, and on a noisy line sooner or later', () => {
    const wire = openWire({ echoes: () => true, damage: 0.02 });
    wire.unit(1).identification = TEXTS;
    for (let token = 1; identityOf(wire) === undefined && token < 20; token += 1) {
      wire.input({ kind: 'probe', subdevice: 'unit-1', token });
      wire.run(() => wire.probes.has(token));
      wire.runFor(61_000);
    }
    expect(identityOf(wire)).toEqual(IDENTITY);
  });

  it('keeps its identity over a restart', () => {
    const wire = openWire({}, true);
    expect(identityOf(wire)).toEqual(IDENTITY);
    expect(wire.sent.filter(isIdentification)).toEqual([]);
  });
});
