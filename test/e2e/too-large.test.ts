/**
 * Downlinks of sizes that a subdevice, a link or the gateway cannot accept: each is shed with its reason, and all
 * other messages flow, in this process and in the next.
 */
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { BrokerTestbed, findPort } from './any-broker.ts';
import { MOSQUITTO_IS_MISSING, Mosquitto } from './mosquitto.ts';
import { FILTER } from './testbed.ts';
import { GATEWAY } from './testbed-config.ts';
import { until } from './until.ts';

const TOPIC = `${GATEWAY}/a/${FILTER}`;
const REPEAT_MS = 5000;

async function shedOf(brokerTestbed: BrokerTestbed): Promise<Readonly<Partial<Record<string, number>>>> {
  const { totals } = await brokerTestbed.testbed.gateway.ledger();
  return totals.downlink.shed;
}

/** Publishes a message and waits until it is shed. With QoS 0 the broker may drop it, so it is published again. */
async function untilShed(brokerTestbed: BrokerTestbed, qos: '0' | '1', publish: () => void): Promise<void> {
  const total = async (): Promise<number> =>
    Object.values(await shedOf(brokerTestbed)).reduce<number>((sum, count = 0) => sum + count, 0);
  const before = await total();
  let againAtMs = 0;
  await until(async () => {
    if (performance.now() >= againAtMs) {
      publish();
      againAtMs = qos === '0' ? performance.now() + REPEAT_MS : Number.POSITIVE_INFINITY;
    }
    return (await total()) > before;
  });
}

async function openTestbed(): Promise<{ readonly brokerTestbed: BrokerTestbed; readonly broker: Mosquitto }> {
  const port = await findPort();
  let broker: Mosquitto | undefined;
  const brokerAt = (at: number, folder: string): Mosquitto => (broker ??= new Mosquitto(at, folder));
  const brokerTestbed = await BrokerTestbed.open({ port, brokerAt });
  if (broker === undefined) throw new Error('the testbed has a broker');
  return { brokerTestbed, broker };
}

describe.skipIf(MOSQUITTO_IS_MISSING)('a downlink that is too large', () => {
  it('is shed with its reason, for any size and QoS, and the others flow', async () => {
    const { brokerTestbed, broker } = await openTestbed();
    const { testbed } = brokerTestbed;
    await brokerTestbed.enter();
    testbed.subdevice('a').command({ kind: 'subscribe', filter: '#', qos: 1 });
    await testbed.untilStatus(({ hub }) => hub.subscriptions === 3);
    // Larger than a packet of the link, than MQTT-SN can express, and than the limit of the gateway.
    const longest = `${GATEWAY}/a/`.padEnd(65_535, 'x');
    for (const qos of ['0', '1'] as const) {
      for (const bytes of [5000, 65_527, 66_000, 400_000])
        await untilShed(brokerTestbed, qos, () => broker.publishBytes(TOPIC, bytes, '-q', qos));
      await untilShed(brokerTestbed, qos, () => broker.publishBytes(longest, 1, '-q', qos));
    }
    await untilShed(brokerTestbed, '1', () => broker.publishBytes(longest, 70_000, '-q', '1'));
    const {
      'too large for the link': forLink = 0,
      'too large for the gateway': forGateway = 0,
      ...others
    } = await shedOf(brokerTestbed);
    expect(others).toEqual({});
    expect(forLink).toBeGreaterThanOrEqual(9);
    expect(forGateway).toBeGreaterThanOrEqual(2);
    const { conditions } = await testbed.gateway.status();
    expect(conditions).toContainEqual(expect.objectContaining({ code: 'too-large', losing: 'yes' }));
    await brokerTestbed.trade(5);
  });

  it('waits for a subdevice that is away like any other, and ends no process, neither then nor at a start', async () => {
    const { brokerTestbed, broker } = await openTestbed();
    const { testbed } = brokerTestbed;
    await brokerTestbed.enter();
    testbed.subdevice('a').stop();
    await testbed.untilStatus(({ links }) => links.flatMap(({ subdevices }) => subdevices).length === 1);
    broker.publishBytes(TOPIC, 66_000, '-q', '1', '-r');
    await testbed.untilStatus(({ inbox }) => inbox.onDisk === 1);
    await testbed.gateway.signal('SIGKILL');
    await testbed.gateway.start();
    testbed.subdevice('a').start();
    await until(async () => isDeepStrictEqual(await shedOf(brokerTestbed), { 'too large for the link': 1 }));
    await brokerTestbed.trade(5);
  });
});
