/**
 * The whole gateway with third-party servers of Modbus TCP: values, commands, latency, cut connections, late answers,
 * recordings, and a server that speaks another protocol.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findPort } from './any-broker.ts';
import { ModbusServer, SERVER_PROGRAMS } from './modbus-servers.ts';
import { runProgram } from './program.ts';
import { openSlowNetwork } from './slow-network.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

/** Registers that are read with one request each. */
const PLACES = [5, 20, 40];

const TSHARK_IS_MISSING = spawnSync('tshark', ['--version']).error !== undefined;
if (TSHARK_IS_MISSING) console.warn('skipped: captures are not read without tshark (Debian)');

/** Values of a field in each packet that passes the filter. */
function dissected(path: string, filter: string, field: string): string[] {
  const text = execFileSync('tshark', ['-r', path, '-Y', filter, '-T', 'fields', '-e', field], { stdio: 'pipe' });
  return text
    .toString()
    .split('\n')
    .filter((line) => line !== '');
}

interface PlantPlan {
  readonly port: number;
  readonly units: readonly number[];
  readonly retryMs: number;
  readonly retriesMax?: number;
}

async function openPlant({ port, units, retryMs, retriesMax = 2 }: PlantPlan): Promise<Testbed> {
  const link = [
    `[[link]]\nname = "plant"\npath = "tcp://127.0.0.1:${port}"\ndriver = "modbus"\nframing = "mbap"`,
    `retry_ms = ${retryMs}\nretries_max = ${retriesMax}`,
    ...units.map((unit) => unitText(unit)),
    ...units.map((unit) => `[[subdevice]]\nid = "unit-${unit}"`),
  ];
  const testbed = await openTestbed({ subdevices: {}, more: `${link.join('\n')}\n` });
  await testbed.gateway.start();
  return testbed;
}

function unitText(unit: number): string {
  const points = PLACES.map(
    (place) => `[[link.unit.point]]\nname = "p${place}"\ntable = "holding"\naddress = ${place}\nwritable = true`,
  );
  return [`[[link.unit]]\nid = "unit-${unit}"\naddress = ${unit}\npoll_ms = 200\nheartbeat_s = 1`, ...points].join(
    '\n',
  );
}

function published(testbed: Testbed, unit: number, topic: string): Readonly<Record<string, unknown>>[] {
  const texts = testbed.arrivals.filter((arrival) => arrival.topic === `gw/unit-${unit}/${topic}`);
  return texts.map(({ payload }) => JSON.parse(new TextDecoder().decode(payload)));
}

const states = (testbed: Testbed, unit: number) => published(testbed, unit, 'state');

/** Values of the first two units that belong to another register. A register has its place as its value. */
function mixedUp(testbed: Testbed): unknown[] {
  return [1, 2].flatMap((unit) =>
    states(testbed, unit).flatMap((state) =>
      PLACES.filter((place) => ![unit * 1000 + place, null, undefined].includes(state[`p${place}`] as number)),
    ),
  );
}

async function untilMore(testbed: Testbed, count: number): Promise<void> {
  const wanted = [1, 2].map((unit) => states(testbed, unit).length + count);
  await until(() => [1, 2].every((unit, index) => states(testbed, unit).length >= (wanted[index] ?? 0)));
}

async function reported(testbed: Testbed, ...words: readonly string[]) {
  const { code, stdout } = await runProgram('--json', '--config', testbed.configPath, ...words);
  return { code, ...JSON.parse(stdout) };
}

describe.each(SERVER_PROGRAMS)('with a server by $name', (program) => {
  it.skipIf(program.missing)(
    'values and commands pass 300 ms of latency, pieces and cuts, and nothing is mixed up',
    async () => {
      const server = await ModbusServer.open(program);
      const network = await openSlowNetwork({ port: server.port, delayMs: 150, gapMs: 20 });
      const testbed = await openPlant({ port: network.port, units: [1, 2], retryMs: 10_000 });
      await untilMore(testbed, 3);
      const command = new TextEncoder().encode(JSON.stringify({ p5: 2005 }));
      testbed.hub.publish({ topic: 'gw/unit-2/set', payload: command, qos: 1 });
      await until(() => published(testbed, 2, 'result').length === 1);
      expect(published(testbed, 2, 'result')).toEqual([{ ok: true, values: { p5: 2005 } }]);
      const { links } = await testbed.gateway.status();
      expect(links[0]?.counters).toMatchObject({ retries: 0, crcErrors: 0, unexpectedPackets: 0, openings: 1 });
      for (let cut = 0; cut < 3; cut += 1) {
        network.cut();
        await untilMore(testbed, 3);
      }
      await server.switchOff();
      await testbed.untilStatus((status) => status.links[0]?.subdevices.length === 0);
      await server.switchOn();
      await untilMore(testbed, 3);
      expect(mixedUp(testbed)).toEqual([]);
    },
  );

  it.skipIf(program.missing)('late answers are counted and never taken for another register', async () => {
    // A missed request detaches its unit for up to 30 s, so most requests must find an idle server.
    const server = await ModbusServer.open(program, { each: 60, ms: 300 });
    const testbed = await openPlant({ port: server.port, units: [1, 2], retryMs: 200, retriesMax: 0 });
    await testbed.untilStatus(({ links }) => (links[0]?.counters.unexpectedPackets ?? 0) >= 5);
    await untilMore(testbed, 3);
    expect(mixedUp(testbed)).toEqual([]);
    const { links } = await testbed.gateway.status();
    expect(links[0]?.counters).toMatchObject({ openings: 1, crcErrors: 0 });
  });

  it.skipIf(program.missing)(
    'an absent unit is silent and the others are read; the test of the link names it',
    async () => {
      const server = await ModbusServer.open(program);
      const testbed = await openPlant({ port: server.port, units: [1, 2, 9], retryMs: 2000, retriesMax: 0 });
      await untilMore(testbed, 2);
      const { links } = await testbed.untilStatus(
        ({ links: [link] }) => link?.discarded.length === 1 && link.subdevices.length === 2,
      );
      expect(links[0]?.discarded).toMatchObject([
        { reason: 'unit silent', sample: expect.stringMatching(/^unit 9, /) },
      ]);
      expect(links[0]?.subdevices).toEqual(['unit-1', 'unit-2']);
      const { verdict, probes } = await reported(testbed, 'link', 'test', 'plant', '--seconds', '4');
      expect(verdict).toBe('bad');
      const answered = new Map<string, number>(
        probes.map(({ subdevice, answers }: { subdevice: string; answers: number }) => [subdevice, answers]),
      );
      expect(answered.get('unit-1')).toBeGreaterThan(0);
      expect(answered.get('unit-2')).toBeGreaterThan(0);
      expect(answered.get('unit-9')).toBe(0);
      expect(mixedUp(testbed)).toEqual([]);
    },
  );

  it.skipIf(program.missing)('a recording shows the frames, and its rerun makes the same decisions', async () => {
    const server = await ModbusServer.open(program);
    const testbed = await openPlant({ port: server.port, units: [1, 2], retryMs: 500 });
    await untilMore(testbed, 2);
    const file = join(testbed.folder, 'plant.recording');
    const { code } = await runProgram('--config', testbed.configPath, 'record', 'plant', '--pcapng', '--out', file);
    expect(code).toBe(0);
    const rerun = await runProgram('--json', 'replay', file);
    const run = JSON.parse(rerun.stdout);
    expect({ code: rerun.code, ...run }).toMatchObject({ code: 0, same: run.steps, damage: null });
    expect(run.steps).toBeGreaterThan(10);
    if (TSHARK_IS_MISSING) return;
    expect(dissected(`${file}.pcapng`, '_ws.malformed || !mbtcp', 'frame.number')).toEqual([]);
    const ids = dissected(`${file}.pcapng`, 'modbus.func_code == 3', 'mbtcp.trans_id').map(Number);
    expect(ids.length).toBeGreaterThan(10);
    expect(ids.toSorted((one, other) => one - other)).toEqual(ids);
  });
});

it('a server that answers with other bytes is named, with the remedy, and is asked again after pauses', async () => {
  const port = await findPort();
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write(Uint8Array.of(1, 3, 2, 0, 7, 249, 134)));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const testbed = await openPlant({ port, units: [1], retryMs: 500 });
  const problem = /received bytes that are not a Modbus TCP frame \(protocol id 512 instead of 0\)/;
  const remedy = /Remove framing = "mbap" of the link/;
  const { conditions } = await testbed.untilStatus((status) =>
    status.conditions.some(({ code, sentence }) => code === 'unit-trouble' && problem.test(sentence)),
  );
  expect(conditions.find(({ code }) => code === 'unit-trouble')?.hint).toMatch(remedy);
  await until(() => (testbed.gateway.journal.match(new RegExp(problem, 'g')) ?? []).length >= 2);
});
