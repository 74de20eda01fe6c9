/** Devices that send on their own, each with its configuration in docs/lines.md as printed, and the real process. */
import { expect, it } from 'vitest';
import { gpsSentence, p1Telegram, scaleReading } from '../../src/bench/subdevices/device-texts.ts';
import { TalkingDevice } from '../../src/bench/subdevices/talking-device.ts';
import { runProgram } from './program.ts';
import { exampleOf, openTalkingTestbed, type TalkingTestbed } from './talking-testbed.ts';
import { until } from './until.ts';

const device = (textOf: (number: number) => Uint8Array): TalkingDevice => new TalkingDevice({ everyMs: 20, textOf });

/** Every fourth text has a flipped bit in the digit at this place of the number, so the value becomes 800000 larger. */
const damaged = (textOf: (number: number) => Uint8Array, mark: string) => (number: number) => {
  const text = textOf(number);
  if (number % 4 !== 0) return text;
  const at = Buffer.from(text).indexOf(mark) + mark.length;
  return text.map((octet, index) => (index === at ? octet ^ 0x08 : octet));
};

const reasonsOf = async ({ configPath }: TalkingTestbed): Promise<Record<string, number>> => {
  const { stdout } = await runProgram('--json', '--config', configPath, 'links');
  const [link] = JSON.parse(stdout).links;
  return Object.fromEntries(
    link.discarded.map(({ reason, count }: { readonly reason: string; readonly count: number }) => [reason, count]),
  );
};

const ENERGY = '1-0:1.8.1(';
const FIRST = { energy_1: 1, power: 0.244, power_unit: 'kW', tariff: 2, serial: '4530303236303030', gas_m3: 0.107 };

it('the telegrams of a P1 meter arrive as JSON objects, and damaged ones are counted', async () => {
  const testbed = await openTalkingTestbed(exampleOf('A P1 meter'), device(damaged(p1Telegram, ENERGY)));
  await until(() => testbed.arrivals.length >= 12);
  const objects = testbed.arrivals.map(({ text }) => JSON.parse(text));
  const [first] = objects;
  expect(first).toEqual({ ...FIRST, energy_1: first.energy_1 });
  expect(new Set(testbed.arrivals.map(({ topic }) => topic))).toEqual(new Set(['gw-1/meter-1/state']));
  const energies = objects.map(({ energy_1 }) => energy_1);
  expect(energies.every((energy) => energy < 800_000 && energy % 4 !== 0)).toBe(true);
  expect(energies).toEqual(energies.toSorted((a, b) => a - b));
  expect((await reasonsOf(testbed))['line check']).toBeGreaterThanOrEqual(1);
});

it('negative control: without the check a damaged telegram gets through', async () => {
  const config = exampleOf('A P1 meter').replace('check = "dsmr"', 'check = "none"');
  const testbed = await openTalkingTestbed(config, device(damaged(p1Telegram, ENERGY)));
  await until(() => testbed.arrivals.some(({ text }) => JSON.parse(text).energy_1 > 800_000));
});

it('the readings of a scale without a delimiter arrive with number, unit and truth value', async () => {
  const testbed = await openTalkingTestbed(exampleOf('A scale that sends no delimiter'), device(scaleReading));
  await until(() => testbed.arrivals.length >= 10);
  for (const { text } of testbed.arrivals) {
    const { weight, unit, stable } = JSON.parse(text);
    expect([unit, stable]).toEqual(['kg', Math.round(weight * 100) % 2 === 0]);
  }
  expect(testbed.arrivals[0]?.text).toMatch(/^\{"stable":(true|false),"weight":\d+\.\d\d,"unit":"kg"\}$/);
});

it('the sentences of a GPS receiver arrive, and damaged ones are counted', async () => {
  const testbed = await openTalkingTestbed(
    exampleOf('A GPS receiver that only sends'),
    device(damaged(gpsSentence, 'GPGLL,')),
  );
  await until(() => testbed.arrivals.length >= 10);
  for (const { topic, text } of testbed.arrivals) {
    expect(topic).toBe('gw-1/gps-1/nmea/GLL');
    expect(text).toMatch(/^\$GPGLL,4916\.45,N,12311\.12,W,\d{6},A$/);
  }
  expect((await reasonsOf(testbed))['line check']).toBeGreaterThanOrEqual(1);
});
