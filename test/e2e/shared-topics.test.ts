/**
 * Shared topics at an ordinary broker, with an application side that checks each document: an outage, kills, commands to
 * one of two subdevices, and commands to none.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { FieldSubdevice } from '../../src/bench/subdevices/field-subdevice.ts';
import { configurationBlocks } from '../document-blocks.ts';
import { findPort } from './any-broker.ts';
import { DocumentPlatform } from './document-platform.ts';
import { MOSQUITTO_IS_MISSING, Mosquitto } from './mosquitto.ts';
import { openUnits, simulatedUnit } from './simulated-units.ts';
import { openTestbed, type Testbed, type TestbedPlan } from './testbed.ts';
import { until } from './until.ts';

/** Sections of the configuration for ThingsBoard in docs/hubs.md, without those of the machine. */
const [, EXAMPLE = ''] = configurationBlocks().find(([, text]) => text.includes('"v1/gateway/rpc"')) ?? [];
const SECTIONS = EXAMPLE.slice(EXAMPLE.indexOf('[availability]'), EXAMPLE.indexOf('[[link]]'));
/** The first line belongs to the last subdevice, `b`. */
const MORE = `hub_name = "Device B"\n\n${SECTIONS}`;
const COUNT = 10;
const RPC = 'v1/gateway/rpc';
/** Largest error of a trusted clock (`src/base/clock-trust.ts`), and the difference of two processes. */
const CLOCK_ERROR_MS = 2001;
const NAMES: Readonly<Record<string, string>> = { a: 'a', b: 'Device B' };

const SYNCED = fileURLToPath(new URL('./gateway-with-synced-clock.ts', import.meta.url));
const WITHOUT_CHECK = fileURLToPath(new URL('./gateway-without-hub-checks.ts', import.meta.url));

interface Field {
  readonly testbed: Testbed;
  readonly broker: Mosquitto;
  readonly platform: DocumentPlatform;
  /** Texts that each subdevice has received on `rpc` and `attributes`, after the topic. */
  readonly received: Readonly<Record<string, string[]>>;
}

/** The gateway and the platform, both at mosquitto; the subdevices are not started. */
async function openWithPlatform(plan: TestbedPlan): Promise<Omit<Field, 'received'>> {
  const port = await findPort();
  const testbed = await openTestbed({ ...plan, config: { hub: { port }, inbox: { replay_interval_ms: 0 } } });
  const broker = new Mosquitto(port, testbed.folder);
  onTestFinished(() => broker.close());
  await broker.start();
  const platform = new DocumentPlatform(broker);
  await platform.listen();
  await testbed.gateway.start();
  return { testbed, broker, platform };
}

/** Gateway with the subdevices `a` and `b`, which answer each command, and the platform. */
async function openField(plan: TestbedPlan = {}): Promise<Field> {
  const steady = { keepAliveMs: 600_000 };
  const field = await openWithPlatform({ subdevices: { a: steady, b: steady }, ...plan, more: MORE });
  const { testbed } = field;
  const received: Record<string, string[]> = { a: [], b: [] };
  for (const subdevice of testbed.subdevices) {
    answerCommands(subdevice, received[subdevice.id] ?? []);
    testbed.enter(subdevice);
    for (const filter of ['rpc', 'attributes']) subdevice.command({ kind: 'subscribe', filter, qos: 1 });
  }
  // four filters at the hub: one for `cmd` of each subdevice, and the two shared ones
  await testbed.untilStatus(({ hub }) => hub.state === 'connected' && hub.subscriptions === 4);
  return { ...field, received };
}

/** Answers each command, as a device of ThingsBoard does. Other messages, such as a returned answer, are only noted. */
function answerCommands(subdevice: FieldSubdevice, received: string[]): void {
  subdevice.onReport((report) => {
    if (report.kind !== 'received') return;
    const text = Buffer.from(report.payload).toString();
    received.push(`${report.topic} ${text}`);
    const { id, method } = JSON.parse(text);
    if (report.topic === 'rpc' && method !== undefined)
      publish(subdevice, 'rpc', `{"id":${id},"data":{"done":"${method}"}}`);
  });
}

function publish(subdevice: FieldSubdevice, topic: string, payload: string): void {
  subdevice.publish(topic, { payload: new TextEncoder().encode(payload) });
}

const commandsOf = (texts: readonly string[] = []): string[] => texts.filter((text) => text.includes('"method"'));

describe.skipIf(MOSQUITTO_IS_MISSING)('with mosquitto as the hub of shared topics', () => {
  it('all uplinks arrive as documents with their time, over an outage and kills', async () => {
    const { testbed, broker, platform } = await openField({
      program: SYNCED,
      envFor: ({ folder }) => {
        writeFileSync(join(folder, 'synced'), '');
        return { SYNCED_FILE: join(folder, 'synced') };
      },
    });
    await until(() => platform.online.size === 2);
    /** Wall time before each publication, by device and number. */
    const sentAtMs = new Map<string, number>();
    const publishNumbers = (from: number, to: number): void => {
      for (let number = from; number <= to; number += 1)
        for (const subdevice of testbed.subdevices) {
          sentAtMs.set(`${NAMES[subdevice.id]} ${number}`, Date.now());
          publish(subdevice, 't/flow', `{"n":${number},"flow":1.50}`);
        }
    };
    const numbers = (): Set<string> => new Set(platform.telemetry.map(({ device, values }) => `${device} ${values.n}`));

    publishNumbers(1, COUNT);
    await until(() => numbers().size === 2 * COUNT);
    await broker.stop();
    await testbed.untilStatus(({ hub }) => hub.state !== 'connected');
    publishNumbers(COUNT + 1, 2 * COUNT);
    await testbed.untilAcknowledged();
    const acknowledgedAtMs = Date.now();
    await testbed.gateway.signal('SIGKILL');
    await testbed.gateway.start();
    await broker.start();
    await until(() => numbers().size === 4 * COUNT);
    await testbed.gateway.signal('SIGKILL'); // the deletes of the delivered messages are probably lost
    await testbed.gateway.start();
    await until(async () => (await testbed.gateway.ledger()).totals.uplink.pending === 0);

    for (const { device, ts, values } of platform.telemetry) {
      const atMs = sentAtMs.get(`${device} ${values.n}`) ?? Number.NaN;
      expect(ts).toBeGreaterThanOrEqual(atMs - CLOCK_ERROR_MS);
      expect(ts).toBeLessThanOrEqual(acknowledgedAtMs + CLOCK_ERROR_MS);
      expect(values.flow).toBe(1.5);
    }
    expect(platform.complaints).toEqual([]);
    expect((await testbed.gateway.ledger()).balances).toBe(true);
  });

  it('subdevices are reported as they come and go, and have attributes and values of any kind', async () => {
    const { testbed, platform } = await openField();
    await until(() => platform.online.size === 2);
    expect([...platform.online].sort()).toEqual(['Device B', 'a']);
    const [a, b] = [testbed.subdevice('a'), testbed.subdevice('b')];
    publish(b, 'attributes', '{"fw":"1.0"}');
    publish(a, 'state', 'on');
    publish(a, 'state', '21.5');
    publish(a, 'rpc', '{"id":7,"data":1,"device":"Device B"}'); // an answer in the name of another device
    await until(() => platform.telemetry.length === 2 && platform.complaints.length === 1);
    await until(() => platform.attributes['Device B'] !== undefined);
    expect(platform.attributes).toEqual({ 'Device B': { fw: '1.0' } });
    expect(platform.telemetry.map(({ device, values }) => [device, values])).toEqual([
      ['a', { value: 'on' }],
      ['a', { value: 21.5 }],
    ]);
    expect(platform.complaints).toEqual([`${RPC} {"device":"a","value":{"id":7,"data":1,"device":"Device B"}}`]);
    expect(platform.answers).toEqual([]);

    b.command({ kind: 'disconnect' });
    await until(() => platform.online.size === 1);
    const before = platform.connects;
    await testbed.gateway.signal('SIGKILL');
    await testbed.gateway.start();
    publish(a, 'state', 'on'); // a device notices the restart when it publishes
    b.command({ kind: 'connect' });
    await until(() => platform.connects >= before + 2);
    expect([...platform.online].sort()).toEqual(['Device B', 'a']);
  });

  it('a command and an attribute reach the subdevice that they name, also one that was away, over a kill', async () => {
    const { testbed, platform, received } = await openField();
    await platform.rpc('Device B', 1, 'open');
    await until(() => platform.answers.length === 1);
    await platform.send('v1/gateway/attributes', '{"device":"Device B","data":{"setpoint":12345678901234567890}}');
    await until(() => received.b?.includes('attributes {"setpoint":12345678901234567890}') === true);

    const a = testbed.subdevice('a');
    a.command({ kind: 'disconnect' });
    await until(() => platform.connects >= 2 && !platform.online.has('a'));
    await platform.rpc('a', 2, 'shut');
    await until(async () => (await testbed.gateway.ledger()).totals.downlink.pending === 1);
    await testbed.gateway.signal('SIGKILL');
    await testbed.gateway.start();
    a.command({ kind: 'connect' });
    await until(() => platform.answers.length === 2);

    expect(platform.answers).toEqual([
      { device: 'Device B', id: 1, data: { done: 'open' } },
      { device: 'a', id: 2, data: { done: 'shut' } },
    ]);
    expect(commandsOf(received.b)).toEqual(['rpc {"id":1,"method":"open","params":{}}']);
    expect(commandsOf(received.a)).toEqual(['rpc {"id":2,"method":"shut","params":{}}']);
    expect(platform.complaints).toEqual([]);
  });

  it('commands that name no subdevice, and documents that cannot be read, are counted and do not stay at the hub', async () => {
    const { testbed, platform, received } = await openField();
    await platform.rpc('b', 1, 'open'); // the id of a subdevice with another name
    await platform.rpc('nobody', 2, 'open');
    await platform.send(RPC, '{"device":"a","data":');
    await platform.send(RPC, `{"device":"a","data":${'['.repeat(5000)}${']'.repeat(5000)}}`);
    await platform.send(RPC, '[]');
    await platform.rpc('a', 3, 'open');
    await until(() => platform.answers.length === 1);
    expect([commandsOf(received.a), commandsOf(received.b)]).toEqual([
      ['rpc {"id":3,"method":"open","params":{}}'],
      [],
    ]);
    const { discarded } = await testbed.gateway.status();
    const counts = new Map(discarded.map(({ reason, count }) => [reason, count]));
    expect([counts.get('names no subdevice'), counts.get('invalid document')]).toEqual([2, 3]);
    const { totals, balances } = await testbed.gateway.ledger();
    expect(totals.downlink.shed).toEqual({ 'names no subdevice': 2, 'invalid document': 3 });
    expect(balances).toBe(true);
  });

  it('a gateway that does not look for the name gives a command to every subscriber (negative control)', async () => {
    const { platform, received } = await openField({
      program: WITHOUT_CHECK,
      env: { OVERLOOKS: 'names' },
    });
    await platform.rpc('a', 1, 'open');
    await until(() => received.a?.length === 1 && received.b?.length === 1);
  });

  it('a shared attribute writes a point of a Modbus unit, and its state is telemetry', async () => {
    const unit = simulatedUnit(1);
    const link = `[[link]]\nname = "meters"\npath = "${await openUnits([unit])}"\ndriver = "modbus"\nretry_ms = 5000\n`;
    const entry = '[[link.unit]]\nid = "boiler"\naddress = 1\npoll_ms = 100\nset_topic = "attributes"\n';
    const point = '[[link.unit.point]]\nname = "setpoint"\ntable = "holding"\naddress = 7\nwritable = true\n';
    const more = `${SECTIONS}${link}${entry}${point}[[subdevice]]\nid = "boiler"\nhub_name = "Boiler 1"\n`;
    const { testbed, platform } = await openWithPlatform({ subdevices: {}, more });
    await until(() => platform.online.has('Boiler 1') && platform.telemetry.length > 0);
    await testbed.untilStatus(({ hub }) => hub.subscriptions === 1);
    await platform.send('v1/gateway/attributes', '{"device":"Boiler 1","data":{"setpoint":55}}');
    await until(() => platform.telemetry.some(({ values }) => values.setpoint === 55));
    expect(unit.holdings[7]).toBe(55);
    expect(new Set(platform.telemetry.map(({ device }) => device))).toEqual(new Set(['Boiler 1']));
    expect(platform.complaints).toEqual([]);
  });
});
