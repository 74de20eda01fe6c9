/** The main path against an ordinary broker, which was written by others: profile generic holds for more than our own hub. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { numberedPayload } from '../../src/bench/account.ts';
import type { FieldSubdevice } from '../../src/bench/field-subdevice.ts';
import { type House, openHouse } from './house.ts';
import { MOSQUITTO_IS_MISSING, Mosquitto } from './mosquitto.ts';
import { until } from './until.ts';

if (MOSQUITTO_IS_MISSING)
  console.warn('skipped: mosquitto is not installed (apt-get install mosquitto mosquitto-clients)');

describe.skipIf(MOSQUITTO_IS_MISSING)('with mosquitto as the hub', () => {
  it('messages go both ways, in order', async () => {
    const { house, broker } = await openWithBroker();
    for (const subdevice of house.subdevices) void command(broker, subdevice, 50);
    house.publish(50);
    await expectAllDelivered(house);
  });

  it('a restart of the broker in the middle costs nothing, and its session with us is still there', async () => {
    const { house, broker } = await openWithBroker();
    house.publish(30);
    await until(() => house.uplinks.delivered > 10);
    await broker.stop();
    await house.untilStatus(({ hub }) => hub.state !== 'connected');
    house.publish(100);
    await house.untilAcknowledged();
    await broker.start();
    for (const subdevice of house.subdevices) await command(broker, subdevice, 20);
    await expectAllDelivered(house);
    expect((await house.gateway.status()).hub).toMatchObject({
      sessionPresent: true,
      sessionsLost: 0,
      subscriptions: 2,
    });
  });

  it('it keeps commands for a gateway that is away, and gets the uplinks of one that was killed', async () => {
    const { house, broker } = await openWithBroker();
    house.publish(10);
    await expectAllDelivered(house);
    await broker.stop();
    house.publish(50);
    await house.untilAcknowledged();
    await house.gateway.signal('SIGKILL');
    await broker.start();
    for (const subdevice of house.subdevices) await command(broker, subdevice, 20);
    await house.gateway.start();
    await expectAllDelivered(house);
    expect((await house.gateway.status()).hub).toMatchObject({ sessionPresent: true, sessionsLost: 0 });
  });
});

interface Site {
  readonly house: House;
  readonly broker: Mosquitto;
}

async function openWithBroker(): Promise<Site> {
  const port = await Mosquitto.findPort();
  const house = await openHouse({
    // a subdevice with nothing to say notices a restart of the gateway by its keep alive
    subdevices: { a: { keepAliveMs: 1000 }, b: { keepAliveMs: 1000 } },
    config: { hub: { port }, inbox: { replay_interval_ms: 0 } },
  });
  const broker = new Mosquitto(house.folder, port);
  onTestFinished(() => broker.close());
  await broker.start();
  await broker.listen('gw/+/t', (topic, payload) => house.arrive({ topic, payload: Buffer.from(payload) }));
  await house.gateway.start();
  for (const subdevice of house.subdevices) house.enter(subdevice);
  await house.untilStatus(({ hub }) => hub.subscriptions === house.subdevices.length);
  return { house, broker };
}

/** The application side sends the subdevice so many numbered commands. */
async function command(broker: Mosquitto, { id, downlinks }: FieldSubdevice, count: number): Promise<void> {
  const numbers = Array.from({ length: count }, () => downlinks.send());
  await broker.publish(
    `gw/${id}/cmd`,
    numbers.map((number) => Buffer.from(numberedPayload(number, 32)).toString()),
  );
  for (const number of numbers) downlinks.acknowledge(number);
}

async function expectAllDelivered(house: House): Promise<void> {
  await house.untilAcknowledged();
  await until(
    () => house.uplinks.delivered === house.uplinks.sent && house.downlinks.delivered === house.downlinks.sent,
  );
  expect(house.uplinks.reordered + house.downlinks.reordered).toBe(0);
  await until(async () => (await house.gateway.ledger()).totals.uplink.pending === 0);
  expect((await house.gateway.ledger()).balances).toBe(true);
}
