/**
 * A meter that is read out by IEC 62056-21 mode C, with the configuration in docs/lines.md as printed, and the real
 * process. A PTY carries bytes at any speed, so the meter compares its speed with that of the PTY. A PTY has no 7 data
 * bits, so bit 7 of each byte is the parity.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { type MeterFault, ReadoutMeter } from '../../src/bench/subdevices/readout-meter.ts';
import { runProgram } from './program.ts';
import { exampleOf, openTalkingTestbed, type TalkingTestbed } from './talking-testbed.ts';
import { until } from './until.ts';

const config = () =>
  exampleOf('A meter behind an optical head')
    .replace('data_bits = 7\nparity = "even"\n', '')
    .replace('line_bytes_max = 8192\n', 'line_bytes_max = 8192\nbit_7 = "even"\n')
    .replace('every_ms = 60000', 'every_ms = 1000');

/** State of the meter that a test changes. */
interface Bench {
  readonly testbed: TalkingTestbed;
  readonly meter: ReadoutMeter;
  /** Speeds of the port at each block and each request. */
  readonly speeds: readonly number[];
  /** Mistake at each request or block from now on. */
  fault: MeterFault | undefined;
}

async function start(first?: MeterFault): Promise<Bench> {
  const state: { fault: MeterFault | undefined; meter?: ReadoutMeter } = { fault: first };
  const speeds: number[] = [];
  const testbed = await openTalkingTestbed(config(), (pty) => {
    state.meter = new ReadoutMeter({
      ...{ identification: '/ISk5MT174-0001', address: '', reactionMs: 20, waitsForSpeed: true },
      portSpeed: () => pty.baudRate,
      fault: () => {
        speeds.push(pty.baudRate);
        return state.fault;
      },
      dataOf: (number) =>
        `0-0:0.0.0*255(61234567)\r\n1-0:1.8.0*255(${String(number).padStart(6, '0')}.4*kWh)\r\n1-0:1.7.0*255(00.244*kW)\r\n`,
    });
    return state.meter;
  });
  const { meter } = state;
  if (meter === undefined) throw new Error('the meter was not built');
  return Object.assign(state, { testbed, meter, speeds });
}

const energies = ({ arrivals }: TalkingTestbed): number[] => arrivals.map(({ text }) => JSON.parse(text).energy);

it('the meter is read out at its own speed, again and again', async () => {
  const { testbed, meter, speeds } = await start();
  await until(() => testbed.arrivals.length >= 2);
  expect(testbed.arrivals[0]).toEqual({
    topic: 'gw-1/meter-1/state',
    text: '{"serial":"61234567","energy":1.4,"energy_unit":"kWh","power":0.244,"power_unit":"kW"}',
  });
  expect(energies(testbed)).toEqual(energies(testbed).toSorted((left, right) => left - right));
  expect(new Set(meter.events)).toEqual(new Set(['request', 'ACK 050', 'block']));
  expect(speeds.slice(0, 4)).toEqual([300, 9600, 300, 9600]);
  const [link] = (await testbed.gateway.status()).links;
  expect(link).toMatchObject({ polled: true, subdevices: ['meter-1'] });
});

it('damaged data are wanted again, and counted', async () => {
  const bench = await start('wrong BCC');
  await until(() => bench.meter.events.includes('NAK'));
  bench.fault = undefined;
  await until(() => bench.testbed.arrivals.length > 0);
  const { links, conditions } = await bench.testbed.gateway.status();
  expect(links[0]?.counters.crcErrors).toBeGreaterThan(0);
  expect(conditions.map(({ code }) => code)).toContain('lines-discarded');
});

it.each(['silent', 'silent after ACK', 'cut'] as const)(
  'a meter with the fault "%s" is asked again at 300 baud, and read out when it works again',
  async (fault) => {
    const bench = await start(fault);
    const requests = (): number => bench.meter.events.filter((event) => event === 'request').length;
    await until(() => requests() >= 2);
    expect(bench.testbed.arrivals).toEqual([]);
    bench.fault = undefined;
    await until(() => bench.testbed.arrivals.length > 0);
    const words = bench.testbed.gateway.journal;
    if (fault === 'cut') expect(words).toContain('a data block that ended after');
  },
);

it('link test reads the meter out of turn', async () => {
  const { testbed } = await start();
  await until(() => testbed.arrivals.length > 0);
  const words = [
    '--json',
    '--config',
    testbed.configPath,
    'link',
    'test',
    'optical',
    '--seconds',
    '4',
    '--probes',
    '1',
  ];
  const { probes } = JSON.parse((await runProgram(...words)).stdout);
  expect(probes).toMatchObject([{ subdevice: 'meter-1', requests: 1, answers: 1, damaged: 0 }]);
});

it('a gateway that is killed during the data block reads the meter out again after its start', async () => {
  const bench = await start();
  const { testbed } = bench;
  await until(() => testbed.arrivals.length > 0);
  bench.fault = 'silent after ACK';
  await until(() => testbed.pty.baudRate === 9600);
  await testbed.gateway.signal('SIGKILL');
  bench.fault = undefined;
  const before = testbed.arrivals.length;
  await testbed.gateway.start();
  await until(() => testbed.arrivals.length > before);
  expect(testbed.arrivals.at(-1)?.text).toContain('"serial":"61234567"');
});

it('a recording of the read-outs results in the same decisions in a rerun', async () => {
  const bench = await start('cut');
  const { testbed, meter } = bench;
  await until(() => meter.events.filter((event) => event === 'request').length >= 2);
  bench.fault = undefined;
  await until(() => testbed.arrivals.length >= 2);
  expect((await runProgram('--config', testbed.configPath, 'record', 'optical')).code).toBe(0);
  const folder = join(dirname(testbed.configPath), 'state/recordings');
  const [name = ''] = readdirSync(folder).filter((one) => one.endsWith('-asked.recording'));
  const { code, stdout } = await runProgram('--json', 'replay', join(folder, name));
  const run = JSON.parse(stdout);
  expect({ code, ...run }).toMatchObject({ code: 0, same: run.steps, damage: null });
  const recorded = readFileSync(join(folder, name), 'utf8');
  for (const kind of ['setSpeed', 'speedSet']) expect(recorded).toContain(`"kind":"${kind}"`);
});
