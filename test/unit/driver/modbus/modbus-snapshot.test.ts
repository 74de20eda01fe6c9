/**
 * A Modbus link that restores the state of another one in the middle of a conversation must make the same decisions.
 */
import { seededRandom } from '../../../../src/base/random.ts';
import { MODBUS } from '../../../../src/driver/modbus/definition.ts';
import type { ModbusFraming } from '../../../../src/driver/modbus/link.ts';
import { describeSuccession, linkKind, type Outcome, type Spoil, succeeded } from '../../recorder/succession.ts';
import { ModbusWire, point, unitPlan } from './modbus-wire.ts';

const POINTS = [
  point('a', 0, { deadband: 2, pollMs: 500 }),
  point('b', 1, { pollMs: 250 }),
  point('c', 9, { pollMs: 500 }),
  point('d', 20, { type: 'float32', pollMs: 1000 }),
  point('e', 3, { table: 'coil', type: 'bool', pollMs: 500 }),
];
const UNITS = [
  unitPlan(1, POINTS, { heartbeatMs: 3000, busyMs: 400 }),
  unitPlan(2, [...POINTS, point('f', 2, { pollMs: 250 }), point('g', 3, { pollMs: 250 })], { writeMode: 'multiple' }),
  unitPlan(3, [point('a', 0, { pollMs: 1000 })]),
  unitPlan(0, POINTS),
];
const COMMANDS = [{ a: 1 }, { a: 7, b: 8, c: 9 }, { d: 1.5, e: true }, { nothing: 1 }, 'no JSON'];
/** About a minute and a half on the clock of the wire. */
const EVENTS = 200;

/** Noise; units that become silent, are busy or reject registers; commands; a flow without room; a closed port. */
function converse(framing: ModbusFraming, seed: number, spoil?: Spoil): Outcome {
  const random = seededRandom(seed);
  const silent = new Set<number>();
  let outcome: Outcome | undefined;
  const wire = new ModbusWire({
    ...{ units: UNITS, seed, framing, damage: framing === 'rtu' ? 0.03 : 0.0005 },
    answerMs: (address, draw) => (silent.has(address) ? undefined : 2 + draw() * (draw() < 0.05 ? 250 : 20)),
    turnsAway: () => random() < 0.3,
    refuse: () => (random() < 0.2 ? 'congestion' : undefined),
    create: (options) => {
      const pair = succeeded({ kind: linkKind(MODBUS), options: { ...options, uplinksMax: 2 }, seed, spoil });
      outcome = pair.outcome;
      return pair.machine;
    },
  });
  if (outcome === undefined) throw new Error('the wire has made no link');
  let isBusy = false;
  let longest = 1;
  wire.unit(1).exceptionTo = ({ code, start }) => (isBusy && code !== 3 ? 6 : start === 20 ? 2 : undefined);
  wire.unit(2).exceptionTo = ({ count }) => (count > longest ? 3 : undefined);
  let token = 0;
  for (let event = 0; event < EVENTS && outcome.difference === undefined; event += 1) {
    wire.runFor(Math.floor(random() * (random() < 0.015 ? 40_000 : 200)));
    const unit = Math.floor(random() * UNITS.length);
    const chosen = random();
    token += 1;
    if (chosen < 0.08) for (const to of [1, 2, 3]) wire.command(to, token + to * 1000, COMMANDS[1]);
    else if (chosen < 0.4) wire.command(unit, token, COMMANDS[Math.floor(random() * COMMANDS.length)]);
    else if (chosen < 0.45) silent.add(unit);
    else if (chosen < 0.55) silent.clear();
    else if (chosen < 0.58) wire.cut('unplugged');
    else if (chosen < 0.66) wire.input({ kind: 'probe', subdevice: wire.link.probeable()[unit] ?? 'nobody', token });
    else if (chosen < 0.76) isBusy = !isBusy;
    else if (chosen < 0.8) longest = 1 + (event % 3);
    else if (unit > 0) wire.unit(unit).holdings[Math.floor(random() * 10)] = event;
  }
  return outcome;
}

const SEEDS = Array.from({ length: 10 }, (_, seed) => seed + 1);

describeSuccession('a Modbus link that takes over the state of another', {
  seeds: SEEDS,
  converse: (seed, spoil) => converse('rtu', seed, spoil),
});

describeSuccession('a Modbus TCP link that takes over the state of another', {
  seeds: SEEDS.slice(0, 6),
  converse: (seed, spoil) => converse('mbap', seed, spoil),
});
