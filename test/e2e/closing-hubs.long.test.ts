/**
 * Hubs that close the connection instead of refusing a packet, by the rules of docs/hubs.md: with the configurations of
 * that page nothing is closed in ordinary traffic, and a packet against the rules is found and named while the rest goes
 * on.
 */
import { parse } from 'smol-toml';
import { expect, it } from 'vitest';
import { numberOf } from '../../src/bench/account.ts';
import type { MqttPacket } from '../../src/codec/mqtt.ts';
import { configurationBlocks } from '../document-blocks.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { GATEWAY } from './testbed-config.ts';
import { until } from './until.ts';

type HubKeys = Readonly<Record<string, string | number | boolean>>;

/** Returns true for a packet on which the hub closes the connection. */
type ClosingRules = (packet: MqttPacket) => boolean;

const PAGE = 'docs/hubs.md';
/** Keys that say where the hub is and who connects. */
const PLACE_KEYS = /^(profile|host|username|tls.*)$/;

/** Keys of [hub] of the configuration of the page for the host. */
function pageKeys(host: string): HubKeys {
  const [, text = ''] =
    configurationBlocks().find(([place, block]) => place.startsWith(PAGE) && block.includes(`.${host}"`)) ?? [];
  const { hub = {} } = parse(text) as { readonly hub?: HubKeys };
  const keys = Object.entries(hub).filter(([key]) => !PLACE_KEYS.test(key));
  expect(keys.length).toBeGreaterThan(2);
  return Object.fromEntries(keys);
}

/** AWS IoT Core with a policy for the topics of the page, without iot:RetainPublish. */
const aws: ClosingRules = (packet) => {
  if (packet.kind === 'subscribe')
    return (
      packet.subscriptions.length > 8 ||
      packet.subscriptions.some(({ filter, qos }) => qos === 2 || !filter.startsWith(`plant/${GATEWAY}/`))
    );
  if (packet.kind !== 'publish') return false;
  const prefix = `$aws/rules/plant/${GATEWAY}/`;
  const counted = packet.topic.replace(/^\$aws\/rules\/[^/]+\//, '');
  return (
    !packet.topic.startsWith(prefix) ||
    packet.topic.endsWith('/secret') ||
    packet.qos === 2 ||
    packet.retain ||
    counted.split('/').length - 1 > 7 ||
    Buffer.byteLength(counted) > 256 ||
    packet.payload.length > 128 * 1024
  );
};

/** Azure IoT Hub: two topics, and no QoS 2. */
const azure: ClosingRules = (packet) => {
  if (packet.kind === 'subscribe')
    return packet.subscriptions.some(({ filter }) => filter !== `devices/${GATEWAY}/messages/devicebound/#`);
  if (packet.kind !== 'publish') return false;
  return !packet.topic.startsWith(`devices/${GATEWAY}/messages/events/`) || packet.qos === 2;
};

/**
 * Testbed whose hub closes by the rules. `closes` are the names of the packets, and `arrived` the numbers that the
 * application side has, by subdevice.
 */
async function openAt(rules: ClosingRules, hub: HubKeys, subdevices: readonly string[], more = '') {
  const testbed = await openTestbed({
    isTapped: true,
    subdevices: Object.fromEntries(subdevices.map((id) => [id, { keepAliveMs: 600_000 }])),
    config: { hub: { ...hub, attempts_max: 2 } },
    more,
  });
  const closes: string[] = [];
  testbed.tap.closesOn = (packet) => {
    if (!rules(packet)) return false;
    if (packet.kind === 'publish') closes.push(packet.topic);
    if (packet.kind === 'subscribe') closes.push(...packet.subscriptions.map(({ filter }) => filter));
    return true;
  };
  const arrived = new Map(subdevices.map((id) => [id, new Set<number>()]));
  testbed.hub.onArrived(({ topic, payload }) => {
    const id = subdevices.find((one) => topic.includes(`/${one}/`) || topic.includes(`subdevice=${one}&`));
    const number = numberOf(payload);
    if (id !== undefined && number !== undefined) arrived.get(id)?.add(number);
  });
  await testbed.gateway.start();
  return { testbed, closes, arrived };
}

const isComplete = (testbed: Testbed, arrived: ReadonlyMap<string, ReadonlySet<number>>, without = 0): boolean =>
  [...arrived.values()].reduce((sum, { size }) => sum + size, 0) === testbed.uplinks.sent - without;

it('AWS IoT Core closes nothing in ordinary traffic, and a topic without permission is named while the others flow', async () => {
  const { testbed, closes, arrived } = await openAt(aws, pageKeys('amazonaws.com'), ['a', 'b']);
  for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
  const a = testbed.subdevice('a');
  const rejected: number[] = [];
  a.onReport((report) => report.kind === 'rejected' && rejected.push(report.reference));
  testbed.publish(20);
  const tooDeep = a.publish('1/2/3/4/5/6/7/8');
  a.publish('kept', { retain: true });
  await until(() => rejected.includes(tooDeep) && isComplete(testbed, arrived, 1));
  expect(closes).toEqual([]);

  a.publish('secret');
  testbed.publish(20);
  await testbed.untilAcknowledged();
  await until(async () => (await testbed.gateway.ledger()).totals.uplink.pending === 0);
  expect(isComplete(testbed, arrived, 2)).toBe(true);
  expect(new Set(closes)).toEqual(new Set([`$aws/rules/plant/${GATEWAY}/a/secret`]));
  const { hub, conditions } = await testbed.untilStatus(
    (status) => status.hub.state === 'connected' && status.conditions.some(({ code }) => code === 'dead-letters'),
  );
  expect(conditions.find(({ code }) => code === 'dead-letters')?.sentence).toContain('/a/secret');
  expect(hub.takeovers).toBe(0);
});

it('AWS IoT Core closes on RETAIN without its permission: the message is named, and the others flow', async () => {
  const { testbed, closes, arrived } = await openAt(aws, { ...pageKeys('amazonaws.com'), retain: true }, ['a', 'b']);
  for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
  testbed.publish(20);
  testbed.subdevice('a').publish('kept', { retain: true });
  testbed.publish(20);
  await testbed.untilAcknowledged();
  await until(async () => (await testbed.gateway.ledger()).totals.uplink.pending === 0);
  expect(isComplete(testbed, arrived, 1)).toBe(true);
  expect(new Set(closes)).toEqual(new Set([`$aws/rules/plant/${GATEWAY}/a/kept`]));
  expect(testbed.gateway.journal).toMatch(/a\/kept became a dead letter: the hub closes the connection on it/);
});

it('Azure IoT Hub closes on a filter other than its own: the filter is named, and uplinks and downlinks flow', async () => {
  const downlinks = `downlink_topic = "devices/${GATEWAY}/messages/devicebound/{topic}"\n`;
  const keys = pageKeys('azure-devices.net');
  const { testbed, closes, arrived } = await openAt(azure, keys, ['a', 'controller'], downlinks);
  const [a, controller] = [testbed.subdevice('a'), testbed.subdevice('controller')];
  controller.start();
  controller.command({ kind: 'subscribe', filter: '#', qos: 1 });
  await until(() => testbed.session?.subscriptions.length === 1);
  a.start();
  testbed.publish(20);
  await until(() => isComplete(testbed, arrived));
  expect(closes).toEqual([]);

  a.command({ kind: 'subscribe', filter: 'cmd', qos: 1 }); // the hub has no topic for a second subdevice
  testbed.publish(20);
  const { conditions } = await testbed.untilStatus(
    (status) =>
      status.hub.state === 'connected' && status.conditions.some(({ code }) => code === 'hub-closes-on-packet'),
  );
  expect(conditions.find(({ code }) => code === 'hub-closes-on-packet')?.sentence).toContain(`${GATEWAY}/a/cmd`);
  await until(() => isComplete(testbed, arrived));
  expect(new Set(closes)).toEqual(new Set([`${GATEWAY}/a/cmd`]));
  const received: string[] = [];
  controller.onReport((report) => report.kind === 'received' && received.push(report.topic));
  const topic = `devices/${GATEWAY}/messages/devicebound/%24.mid=1`;
  testbed.hub.publish({ topic, payload: new TextEncoder().encode('set'), qos: 1 });
  await until(() => received.length === 1);
  expect(received).toEqual(['%24.mid=1']);
});

it('a platform closes on a document that it cannot read: the message is named, and others on the shared topic flow', async () => {
  const shared = '[[shared_topic]]\ntopic = "v1/gateway/telemetry"\nform = "values-by-device"\nuplinks = ["#"]\n';
  const cannotRead: ClosingRules = (packet) =>
    packet.kind === 'publish' && Buffer.from(packet.payload).includes('"metadata"');
  const { testbed, closes } = await openAt(cannotRead, {}, ['a', 'b'], shared);
  /** Device and number of each document. */
  const documents = new Set<string>();
  testbed.hub.onArrived(({ payload }) => {
    const [, device, number] = /^\{"(\w)":.*"n":(\d+)\}/.exec(Buffer.from(payload).toString()) ?? [];
    documents.add(`${device} ${number}`);
  });
  for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
  const [a, b] = [testbed.subdevice('a'), testbed.subdevice('b')];
  const publish = (subdevice: typeof a, payload: string) =>
    subdevice.publish('t', { payload: new TextEncoder().encode(payload) });
  for (let number = 1; number <= 20; number += 1) publish(b, `{"n":${number}}`);
  publish(a, '{"metadata":5}');
  for (let number = 21; number <= 40; number += 1) for (const one of [a, b]) publish(one, `{"n":${number}}`);
  await testbed.untilAcknowledged();
  await until(async () => (await testbed.gateway.ledger()).totals.uplink.pending === 0);
  const { totals } = await testbed.gateway.ledger();
  expect(totals.uplink).toMatchObject({ accepted: 61, delivered: 60, dead: 1 });
  expect(new Set(closes)).toEqual(new Set(['v1/gateway/telemetry']));
  expect(documents.size).toBe(60);
  expect(testbed.gateway.journal).toMatch(
    /v1\/gateway\/telemetry became a dead letter: the hub closes the connection on it/,
  );
});
