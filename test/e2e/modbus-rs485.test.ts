/** The whole gateway with third-party Modbus units behind RS-485 adapters as they are in the field. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ModbusLine, UNIT_PROGRAMS, type UnitProgram } from './modbus-line.ts';
import { runProgram } from './program.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

const POINTS = [
  { name: 'level', table: 'holding', address: 5, writable: true },
  { name: 'temp', table: 'input', address: 7, nan: [0x7fff] },
  { name: 'gone', table: 'input', address: 9, nan: [2009] },
  { name: 'pump', table: 'coil', address: 2, writable: true },
];
/** Registers as both programs initialise them. */
const AT_FIRST = { level: 1005, temp: 2007, gone: null, pump: false, $errors: { gone: 'not available' } };
const DEAF_MS = 60;

describe.each(UNIT_PROGRAMS)('with a Modbus unit by $name', (program) => {
  it.skipIf(program.missing)('an adapter that echoes changes neither states nor commands, and is named', async () => {
    const { testbed } = await openLine(program, { echoes: true });
    await until(() => stateOf(testbed) !== undefined);
    expect(stateOf(testbed)).toEqual(AT_FIRST);
    command(testbed, { level: 42, pump: true });
    await until(() => published(testbed, 'result').length === 1);
    expect(published(testbed, 'result')).toEqual([{ ok: true, values: { level: 42, pump: true } }]);
    const words = ['--config', testbed.configPath, 'link', 'test', 'meters', '--seconds', '2'];
    const { code, stdout } = await runProgram(...words);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('the adapter or the device echoes what is sent');
    expect(code).toBe(0);
    await testbed.untilIdle();
  });

  it.skipIf(program.missing)('negative control: with echo = "off" the unit does not answer', async () => {
    const { testbed } = await openLine(program, { echoes: true, link: { echo: 'off' } });
    await testbed.untilStatus(({ links }) =>
      (links[0]?.discarded ?? []).some(({ sample }) => sample.includes('echoed by the adapter')),
    );
    expect(stateOf(testbed)).toBeUndefined();
  });

  it.skipIf(program.missing)('a unit that needs a pause after an answer misses no request', async () => {
    const { testbed, line } = await openLine(program, { deafMs: DEAF_MS, unit: { pause_ms: DEAF_MS + 10 } });
    await until(() => stateOf(testbed) !== undefined);
    for (const level of [1, 2, 3]) {
      command(testbed, { level });
      await until(() => published(testbed, 'result').length === level);
    }
    expect(line.missed).toBe(0);
    expect(published(testbed, 'result')).toEqual([1, 2, 3].map((level) => ({ ok: true, values: { level } })));
    await testbed.untilIdle();
  });

  it.skipIf(program.missing)('link test and subdevices name the unit, if it identifies itself', async () => {
    const { testbed } = await openLine(program, {});
    await until(() => stateOf(testbed) !== undefined);
    const words = ['--config', testbed.configPath];
    const { code, stdout } = await runProgram(...words, 'link', 'test', 'meters', '--seconds', '2');
    expect(code).toBe(0);
    const isIdentified = program.name === 'pymodbus'; // libmodbus does not have function 43
    const named = 'meter is Example Works PM-7, revision 2.13.';
    expect(stdout.includes(named)).toBe(isIdentified);
    const { stdout: listed } = await runProgram(...words, 'subdevices');
    expect(listed.includes(named)).toBe(isIdentified);
  });

  it.skipIf(program.missing)(
    'a register that it refuses is named, and is not asked again after a restart',
    async () => {
      // both units have 100 registers
      const points = [97, 98, 99, 100].map((address) => ({ name: `p${address}`, table: 'holding', address }));
      const { testbed, line } = await openLine(program, { points });
      const expected = { p97: 1097, p98: 1098, p99: 1099, p100: null, $errors: { p100: 'illegal data address' } };
      await until(() => stateOf(testbed) !== undefined);
      expect(stateOf(testbed)).toEqual(expected);
      const { stdout } = await runProgram('--config', testbed.configPath, 'subdevices');
      expect(stdout).toContain('meter refuses p100 (holding 100): illegal data address.');
      const restarted = async (): Promise<number> => {
        const [refusals, states] = [line.refusals, published(testbed, 'state').length];
        await testbed.gateway.start();
        await until(() => published(testbed, 'state').length > states);
        expect(stateOf(testbed)).toEqual(expected);
        return line.refusals - refusals;
      };
      expect(line.refusals).toBeGreaterThanOrEqual(2);
      expect(await testbed.gateway.signal('SIGTERM')).toBe(0);
      expect(await restarted()).toBe(0);
      // negative control: without the notes the search is repeated
      await testbed.gateway.signal('SIGTERM');
      rmSync(join(testbed.stateDir, 'device-notes'));
      expect(await restarted()).toBeGreaterThanOrEqual(2);
    },
  );

  it.skipIf(program.missing)('negative control: without the pause the unit misses requests', async () => {
    const { line } = await openLine(program, { deafMs: DEAF_MS });
    await until(() => line.missed > 0);
  });
});

interface LinePlan {
  readonly echoes?: boolean;
  readonly deafMs?: number;
  /** Further keys of the [[link]] and of its [[link.unit]]. */
  readonly link?: object;
  readonly unit?: object;
  readonly points?: readonly object[];
}

async function openLine(
  program: UnitProgram,
  { echoes = false, deafMs = 0, link = {}, unit = {}, points = POINTS }: LinePlan,
): Promise<{ readonly testbed: Testbed; readonly line: ModbusLine }> {
  const line = await ModbusLine.open(program);
  line.echoes = echoes;
  line.deafMs = deafMs;
  const more = configOf(
    { name: 'meters', path: line.path, driver: 'modbus', retry_ms: 1000, recovery: [], ...link },
    { id: 'meter', address: 1, poll_ms: 50, ...unit },
    points,
  );
  const testbed = await openTestbed({ subdevices: {}, more });
  await line.switchOn();
  await testbed.gateway.start();
  return { testbed, line };
}

function configOf(link: object, unit: object, points: readonly object[]): string {
  // A table of strings, numbers and booleans is the same in TOML and in JSON, except for its signs.
  const table = (keys: object) => Object.entries(keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  return [
    ...['[[link]]', ...table(link)],
    ...['[[link.unit]]', ...table(unit)],
    ...points.flatMap((point) => ['[[link.unit.point]]', ...table(point)]),
    ...['[[subdevice]]', ...table({ id: 'meter' })],
  ].join('\n');
}

function published(testbed: Testbed, topic: string): Readonly<Record<string, unknown>>[] {
  const texts = testbed.arrivals.filter((arrival) => arrival.topic === `gw/meter/${topic}`);
  return texts.map(({ payload }) => JSON.parse(new TextDecoder().decode(payload)));
}

const stateOf = (testbed: Testbed) => published(testbed, 'state').at(-1);

function command(testbed: Testbed, values: object): void {
  testbed.hub.publish({ topic: 'gw/meter/set', payload: new TextEncoder().encode(JSON.stringify(values)), qos: 1 });
}
