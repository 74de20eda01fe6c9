/** Two scales that speak only when asked, with the configuration in docs/lines.md as printed, and the real process. */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { AskedDevice } from '../../src/bench/subdevices/asked-device.ts';
import { runProgram } from './program.ts';
import { exampleOf, openTalkingTestbed, type TalkingTestbed } from './talking-testbed.ts';
import { until } from './until.ts';

const CR = 0x0d;

/** Scales with the addresses 01 and 02 and rising weights; those that are switched off do not answer. */
class Scales extends AskedDevice {
  constructor(off: ReadonlySet<string>) {
    const weights = new Map<string, number>();
    super({
      end: CR,
      answerMs: () => 5,
      answerTo: (request) => {
        const [, address] = /(01|02)W\r$/.exec(request) ?? [];
        if (address === undefined || off.has(address)) return undefined;
        const weight = (weights.get(address) ?? (address === '01' ? 100 : 200)) + 1;
        weights.set(address, weight);
        return `${address} ${(weight / 100).toFixed(2)}kg\r`;
      },
    });
  }
}

const config = () => exampleOf('Scales that answer when asked').replaceAll('every_ms = 1000', 'every_ms = 50');
const topicsOf = ({ arrivals }: TalkingTestbed): Set<string> => new Set(arrivals.map(({ topic }) => topic));
const attached = async ({ gateway }: TalkingTestbed): Promise<readonly string[]> =>
  (await gateway.status()).links[0]?.subdevices ?? [];

it('the scales are asked in turn, and each weight is of its own scale', async () => {
  const scales = new Scales(new Set());
  // on a busy machine an answer is late, and a request before it would be an overlap
  const testbed = await openTalkingTestbed(config().replace('retry_ms = 300', 'retry_ms = 30000'), scales);
  await until(() => topicsOf(testbed).size === 2 && testbed.arrivals.length >= 20);
  for (const { topic, text } of testbed.arrivals) {
    const { weight, unit } = JSON.parse(text);
    expect([topic, unit]).toEqual([weight < 2 ? 'gw-1/scale-1/weight' : 'gw-1/scale-2/weight', 'kg']);
  }
  expect(scales.overlaps).toBe(0);
});

it('a scale that is switched off is detached and reported, and attached again when it answers', async () => {
  const off = new Set<string>();
  const testbed = await openTalkingTestbed(config(), new Scales(off));
  await until(async () => (await attached(testbed)).length === 2);
  off.add('02');
  await until(async () => (await attached(testbed)).join() === 'scale-1');
  const status = await testbed.gateway.status();
  expect(status.links[0]).toMatchObject({ polled: true, missing: [{ subdevice: 'scale-2', hasSent: true }] });
  expect(status.conditions.find(({ code }) => code === 'subdevice-silent')?.sentence).toMatch(
    /^scale-2 on link scales does not answer any more/,
  );
  off.delete('02');
  await until(async () => (await attached(testbed)).length === 2);
});

it('link test asks the scales out of turn', async () => {
  const testbed = await openTalkingTestbed(config(), new Scales(new Set(['02'])));
  await until(() => testbed.arrivals.length > 0);
  const words = ['--json', '--config', testbed.configPath, 'link', 'test', 'scales', '--seconds', '4', '--probes', '3'];
  const { probes } = JSON.parse((await runProgram(...words)).stdout);
  expect(probes).toMatchObject([
    { subdevice: 'scale-1', damaged: 0 },
    { subdevice: 'scale-2', answers: 0, damaged: 0 },
  ]);
});

it('a recording of the link results in the same decisions in a rerun', async () => {
  const off = new Set<string>();
  const testbed = await openTalkingTestbed(config(), new Scales(off));
  await until(() => topicsOf(testbed).size === 2);
  off.add('02');
  await until(async () => (await attached(testbed)).join() === 'scale-1');
  expect((await runProgram('--config', testbed.configPath, 'record', 'scales')).code).toBe(0);
  const folder = join(dirname(testbed.configPath), 'state/recordings');
  const [name = ''] = readdirSync(folder).filter((one) => one.endsWith('-asked.recording'));
  const { code, stdout } = await runProgram('--json', 'replay', join(folder, name));
  const run = JSON.parse(stdout);
  expect({ code, ...run }).toMatchObject({ code: 0, same: run.steps, damage: null });
});
