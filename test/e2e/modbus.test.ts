/** The whole gateway with third-party Modbus units: their state reaches the hub, and commands reach them. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MAINLAND } from '../../src/bench/hub/bench-rules.ts';
import { ModbusLine, UNIT_PROGRAMS, type UnitProgram } from './modbus-line.ts';
import { runProgram } from './program.ts';
import { openTestbed, type Testbed, type TestbedPlan } from './testbed.ts';
import { until } from './until.ts';

const POINTS = [
  { name: 'level', table: 'holding', address: 5, writable: true, min: 0, max: 5000 },
  { name: 'mode', table: 'holding', address: 9, writable: true },
  { name: 'flow', table: 'holding', address: 20, type: 'float32', writable: true },
  { name: 'temp', table: 'input', address: 7, scale: 0.1 },
  { name: 'door', table: 'discrete', address: 3 },
  { name: 'shut', table: 'discrete', address: 4 },
  { name: 'pump', table: 'coil', address: 2, writable: true },
];
/** Number of commands on a noisy line. */
const COMMANDS = 8;
const SECRET = 'AAECAwQFBgcICQoLDA0ODw==';
/** Registers as both programs initialise them. */
const AT_FIRST = { level: 1005, mode: 1009, temp: 200.7, door: true, shut: false, pump: false };

describe.each(UNIT_PROGRAMS)('with a Modbus unit by $name', (program) => {
  it.skipIf(program.missing)('its state arrives, and so do commands to it', async () => {
    const { testbed } = await openModbus(program);
    await until(() => stateOf(testbed) !== undefined);
    expect(stateOf(testbed)).toMatchObject(AT_FIRST);
    const values = { level: 42, flow: 0.25, pump: true };
    command(testbed, values);
    await until(() => results(testbed).length === 1);
    expect(results(testbed)).toEqual([{ ok: true, values }]);
    // a poll that runs during the command may have read some of the registers before it
    await until(() => isDeepStrictEqual(stateOf(testbed), { ...stateOf(testbed), ...values }));
    expect(stateOf(testbed)).toMatchObject({ ...AT_FIRST, ...values });
    command(testbed, { level: 5001 });
    await until(() => results(testbed).length === 2);
    expect(results(testbed)[1]).toEqual({ ok: false, error: 'level takes no more than 5000' });
    const ledger = await testbed.untilIdle();
    expect(ledger.balances).toBe(true);
    expect(ledger.totals.downlink).toMatchObject({
      accepted: 2,
      delivered: 1,
      shed: { 'refused by the gateway': 1 },
    });
  });

  it.skipIf(program.missing)(
    'the unit is detached when it is switched off, and its pending commands reach it when it is back',
    async () => {
      const { testbed, line } = await openModbus(program);
      await until(() => stateOf(testbed) !== undefined);
      await line.switchOff();
      await testbed.untilStatus(({ links }) => links[0]?.subdevices.length === 0);
      command(testbed, { mode: 3 });
      await line.switchOn();
      await until(() => results(testbed).length === 1);
      expect(results(testbed)).toEqual([{ ok: true, values: { mode: 3 } }]);
      await testbed.untilIdle();
    },
  );

  it.skipIf(program.missing)('noise causes no wrong value and loses no command', async () => {
    const { testbed, line } = await openModbus(program);
    await until(() => stateOf(testbed) !== undefined);
    line.damage = 0.05;
    for (let mode = 1; mode <= COMMANDS; mode += 1) {
      const before = results(testbed).length;
      command(testbed, { mode });
      await until(() => results(testbed).length > before);
    }
    await testbed.untilStatus(
      ({ links }) => (links[0]?.counters.crcErrors ?? 0) + (links[0]?.counters.retries ?? 0) > 0,
    );
    line.damage = 0;
    await until(() => stateOf(testbed)?.mode === COMMANDS);
    const { mode: _, ...others } = AT_FIRST;
    for (const state of states(testbed)) expect(state).toMatchObject(others);
    expect((await testbed.untilIdle()).totals.downlink).toMatchObject({ accepted: COMMANDS });
  });
});

async function score(testbed: Testbed) {
  const words = ['--json', '--config', testbed.configPath, 'link', 'test', 'meters', '--seconds', '5'];
  const { code, stdout } = await runProgram(...words);
  return { code, ...JSON.parse(stdout) };
}

const [anyProgram] = UNIT_PROGRAMS.filter(({ missing }) => missing === undefined);

describe('a Modbus line', () => {
  it.skipIf(anyProgram === undefined)(
    'is tested between its polls: good, then noisy, then without its unit',
    async () => {
      if (anyProgram === undefined) return;
      const { testbed, line } = await openModbus(anyProgram);
      await until(() => stateOf(testbed) !== undefined);
      const clean = await score(testbed);
      expect(clean).toMatchObject({
        code: 0,
        verdict: 'good',
        advice: [],
        probes: [{ subdevice: 'meter', notAsked: null }],
      });
      expect(clean.probes[0].answers / clean.probes[0].requests).toBeGreaterThan(0.9);
      line.damage = 0.1;
      const noisy = await score(testbed);
      expect(noisy).toMatchObject({ code: 1, verdict: 'bad' });
      expect(noisy.retries).toBeGreaterThan(0);
      line.damage = 0;
      await line.switchOff();
      const gone = await score(testbed);
      expect(gone).toMatchObject({ code: 1, verdict: 'bad', probes: [{ answers: 0 }] });
      expect(gone.advice.join('\n')).toMatch(/^meter does not answer\./m);
      await line.switchOn();
      await testbed.untilStatus(({ links }) => links[0]?.subdevices.length === 1);
    },
  );
});

describe('at a hub with registered subdevices', () => {
  it.skipIf(anyProgram === undefined)('a unit is online while it answers, and offline while it does not', async () => {
    if (anyProgram === undefined) return;
    const { testbed, line } = await openModbus(anyProgram, strictHub());
    const online = () => testbed.hub.sessions()[0]?.subdevicesOnline ?? [];
    await until(() => online().length === 1);
    await line.switchOff();
    await until(() => online().length === 0);
    await line.switchOn();
    await until(() => online().length === 1);
    const topics = () => new Set(testbed.arrivals.map(({ topic }) => topic).filter((topic) => !topic.startsWith('$')));
    await until(() => topics().size > 0);
    expect([...topics()]).toEqual(['PPPPPPPPPP/meter/state']);
  });
});

type Values = Readonly<Record<string, unknown>>;

interface ModbusTestbedPlan {
  readonly plan: TestbedPlan;
  /** Keys of the [[subdevice]]. */
  readonly identity: object;
}

async function openModbus(
  program: UnitProgram,
  { plan, identity }: ModbusTestbedPlan = { plan: {}, identity: {} },
): Promise<{ readonly testbed: Testbed; readonly line: ModbusLine }> {
  const line = await ModbusLine.open(program);
  const testbed = await openTestbed({ ...plan, subdevices: {}, more: configOf(line.path, identity) });
  await line.switchOn();
  await testbed.gateway.start();
  return { testbed, line };
}

function strictHub(): ModbusTestbedPlan {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-secret-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const secretFile = join(folder, 'secret');
  writeFileSync(secretFile, SECRET, { mode: 0o600 });
  const hub = { product_id: 'GGGGGGGGGG', device_name: 'gw', device_secret_file: secretFile };
  const pauses = { reconnect_floor_ms: 5000, reconnect_ceiling_ms: 5000 };
  return {
    plan: {
      rules: { ...MAINLAND, credentials: new Map([['GGGGGGGGGGgw', SECRET]]) },
      config: { hub: { profile: 'mainland', ...hub, ...pauses } },
    },
    identity: { product_id: 'PPPPPPPPPP', device_name: 'meter' },
  };
}

/** Configuration without recovery steps: the line stays open, for any noise. */
function configOf(path: string, identity: object): string {
  // A table of strings, numbers and booleans is the same in TOML and in JSON, except for its signs.
  const table = (keys: object) => Object.entries(keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  return [
    ...['[[link]]', ...table({ name: 'meters', path, driver: 'modbus', retry_ms: 500, recovery: [] })],
    ...['[[link.unit]]', ...table({ id: 'meter', address: 1, poll_ms: 50 })],
    ...POINTS.flatMap((point) => ['[[link.unit.point]]', ...table(point)]),
    ...['[[subdevice]]', ...table({ id: 'meter', ...identity })],
  ].join('\n');
}

function published(testbed: Testbed, topic: string): Values[] {
  const texts = testbed.arrivals.filter((arrival) => arrival.topic === `gw/meter/${topic}`);
  return texts.map(({ payload }) => JSON.parse(new TextDecoder().decode(payload)));
}

const states = (testbed: Testbed): Values[] => published(testbed, 'state');
const results = (testbed: Testbed): Values[] => published(testbed, 'result');
const stateOf = (testbed: Testbed): Values | undefined => states(testbed).at(-1);

function command(testbed: Testbed, values: object): void {
  testbed.hub.publish({ topic: 'gw/meter/set', payload: new TextEncoder().encode(JSON.stringify(values)), qos: 1 });
}
