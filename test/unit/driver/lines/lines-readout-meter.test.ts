/** A link and a simulated meter whose bytes can be read at its own speed only, on a line that damages them. */
import { describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../../../../src/base/random.ts';
import { type MeterFault, ReadoutMeter } from '../../../../src/bench/subdevices/readout-meter.ts';
import { LinesBench, tablesText } from './lines-rig.ts';

/** Time that the acknowledgement takes at 300 baud, and the shortest reaction time of a meter, ms. */
const EARLIEST_MS = 200 + 20;
/** Time that a port needs to change its speed, ms. */
const CHANGE_MS = 3;
const FAULTS: readonly MeterFault[] = ['silent', 'silent after ACK', 'wrong BCC', 'cut'];

interface Outcome {
  readonly meter: ReadoutMeter;
  readonly one: LinesBench;
  readonly sent: ReadonlySet<string>;
  readonly arrived: readonly string[];
  /** Speed of the port at the end. */
  readonly speed: number;
}

interface Line {
  readonly reactionMs?: number;
  readonly fault?: () => MeterFault | undefined;
  readonly damage?: (text: string) => string;
  /** Simulated time. */
  readonly forMs: number;
}

function run({ reactionMs = EARLIEST_MS, fault = () => undefined, damage = (text) => text, forMs }: Line): Outcome {
  let speed = 300;
  const sent = new Set<string>();
  const meter = new ReadoutMeter({
    ...{ identification: '/ISk5MT174-0001', address: '', reactionMs, waitsForSpeed: false, fault },
    dataOf: (number) => {
      const data = `1.8.0(${String(number).padStart(6, '0')}*kWh)\r\n1.7.0(00.244*kW)\r\n`;
      sent.add(data);
      return data;
    },
    portSpeed: () => speed,
  });
  const link = { baud_rate: 300, retries_max: 2 };
  const tables = tablesText('link.lines.readout', [{ name: 'grid', every_ms: 5000 }]);
  const one = new LinesBench({ topic: 'state', bit_7: 'even', line_bytes_max: 256 }, [], link, tables);
  meter.handle({ kind: 'start' }, 0);
  const changes: { readonly atMs: number; readonly baudRate: number }[] = [];
  for (let nowMs = 0; nowMs < forMs; nowMs += 1) {
    one.pass(1);
    const [change] = changes;
    if (change !== undefined && change.atMs <= nowMs) {
      changes.shift();
      speed = change.baudRate;
      one.command({ kind: 'speedSet', baudRate: speed });
    }
    for (const [part, baudRate] of one.takeWritten().matchAll(/<(\d+)>|[^<]+/g))
      if (baudRate === undefined) meter.handle({ kind: 'bytes', bytes: octets(damage(part)) }, nowMs);
      else changes.push({ atMs: nowMs + CHANGE_MS, baudRate: Number(baudRate) });
    for (const action of meter.handle({ kind: 'wake' }, nowMs))
      if (action.kind === 'write') one.receive(damage(Buffer.from(action.bytes).toString('latin1')));
  }
  return { meter, one, sent, arrived: one.uplinks.map(([, text]) => text), speed };
}

const octets = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

/** Flips bits, and loses bytes. */
function noise(random: Random): (text: string) => string {
  return (text) =>
    [...text]
      .filter(() => random() >= 0.002)
      .map((octet) =>
        random() < 0.004 ? String.fromCharCode(octet.charCodeAt(0) ^ (1 << Math.floor(random() * 8))) : octet,
      )
      .join('');
}

describe('a meter at its own speed', () => {
  it('is read out again and again if it answers after the shortest time', () => {
    const { meter, arrived, sent, one } = run({ forMs: 60_000 });
    expect(arrived).toHaveLength(12);
    expect(new Set(arrived)).toEqual(sent);
    expect(meter.noises).toBe(0);
    expect(meter.events.slice(0, 3)).toEqual(['request', 'ACK 050', 'block']);
    expect(one.of('discarded')).toEqual([]);
  });

  it('negative control: is not read out if it answers before the speed has changed', () => {
    const { arrived, meter } = run({ forMs: 60_000, reactionMs: 200 });
    expect(arrived).toEqual([]);
    expect(meter.events).toContain('block');
  });

  it.each(FAULTS)('that has the fault "%s" eight times is read out after that', (fault) => {
    let count = 0;
    const { arrived, sent, meter, one } = run({
      forMs: 120_000,
      fault: () => {
        count += 1;
        return count <= 8 ? fault : undefined;
      },
    });
    expect(arrived.length).toBeGreaterThan(5);
    expect(arrived.filter((text) => !sent.has(text))).toEqual([]);
    expect(meter.noises).toBe(0);
    expect(one.link.counters.retries).toBeGreaterThan(0);
  });
});

describe('a meter on a noisy line', () => {
  const SEEDS = Array.from({ length: 12 }, (_, seed) => seed + 1);
  it.each(SEEDS)(
    'gives only texts that it has sent, with seed %d, and is read out again when the noise ends',
    (seed) => {
      const random = seededRandom(seed);
      const spoil = noise(random);
      let texts = 0;
      const { arrived, sent, one } = run({
        forMs: 300_000,
        fault: () => (texts < 60 && random() < 0.2 ? FAULTS[Math.floor(random() * FAULTS.length)] : undefined),
        damage: (text) => {
          texts += 1;
          return texts < 60 ? spoil(text) : text;
        },
      });
      expect(arrived.filter((text) => !sent.has(text))).toEqual([]);
      expect(arrived.length).toBeGreaterThan(8);
      expect(one.link.attachedSubdevices()).toEqual(['meter-1']);
    },
  );
});
