/** Retained messages of mosquitto on command topics, under each `retained_commands`, over restarts of both sides. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RetainedPolicy } from '../../src/subdevices/retained-commands.ts';
import { BrokerTestbed, findPort } from './any-broker.ts';
import { MOSQUITTO_IS_MISSING, Mosquitto } from './mosquitto.ts';
import { openUnits, simulatedUnit } from './simulated-units.ts';
import { GATEWAY } from './testbed-config.ts';
import { until } from './until.ts';
import { openWireTap } from './wire-tap.ts';

const LANES = ['a', 'meter'];
const POINT = '[[link.unit.point]]\nname = "level"\ntable = "holding"\naddress = 0\nwritable = true\n';

/** Modbus unit `meter` that accepts commands, and an MQTT-SN client `a`, at mosquitto, with a tap in between. */
async function openField(policy: RetainedPolicy) {
  const port = await findPort();
  const tap = await openWireTap(port);
  onTestFinished(() => tap.close());
  const unit = simulatedUnit(1);
  const link = `[[link]]\nname = "meters"\npath = "${await openUnits([unit])}"\ndriver = "modbus"\nretry_ms = 5000\n`;
  const brokerTestbed = await BrokerTestbed.open({
    port,
    subdevices: ['a'],
    hub: { port: tap.port },
    inbox: { retained_commands: policy },
    more: `${link}[[link.unit]]\nid = "meter"\naddress = 1\npoll_ms = 100\n${POINT}[[subdevice]]\nid = "meter"\n`,
    brokerAt: (at, folder) => new Mosquitto(at, folder),
  });
  const { testbed } = brokerTestbed;
  const broker = brokerTestbed.broker as Mosquitto;
  const retain = async (content: number): Promise<void> => {
    await broker.retain(`${GATEWAY}/a/cmd`, String(content));
    await broker.retain(`${GATEWAY}/meter/set`, JSON.stringify({ level: content }));
  };
  const pubacks = (): number => tap.packets.filter(({ packet }) => packet.kind === 'puback').length;
  /** Messages delivered to each subdevice, once the gateway has acknowledged the given number in all. */
  const expectGiven = async (acknowledged: number, given: number, givenToMeter = given): Promise<void> => {
    await until(() => pubacks() >= acknowledged);
    const lanes = async () =>
      (await testbed.gateway.ledger()).lanes.filter(({ direction }) => direction === 'downlink');
    await until(async () => (await lanes()).every(({ pending }) => pending === 0));
    const all = await lanes();
    expect([pubacks(), LANES.map((id) => all.find(({ subdevice }) => subdevice === id)?.delivered ?? 0)]).toEqual([
      acknowledged,
      [given, givenToMeter],
    ]);
  };
  const askedFor = (kind: 'subscribe' | 'unsubscribe'): number =>
    tap.packets.filter(({ packet }) => packet.kind === kind).length;
  return { brokerTestbed, testbed, broker, unit, retain, expectGiven, askedFor };
}

/** Copies of the earlier retained content for each subdevice: at first, and then each time. */
const GIVEN: Readonly<Record<RetainedPolicy, { readonly first: number; readonly each: number }>> = {
  once: { first: 1, each: 0 },
  always: { first: 1, each: 1 },
  never: { first: 0, each: 0 },
};

describe.skipIf(MOSQUITTO_IS_MISSING).each(Object.keys(GIVEN) as RetainedPolicy[])('with "%s"', (policy) => {
  it('retained commands are carried out as often as configured, over restarts and new subscriptions', async () => {
    const { first, each } = GIVEN[policy];
    const { testbed, broker, unit, retain, expectGiven, askedFor } = await openField(policy);
    await retain(7);
    await testbed.gateway.start();
    for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
    await expectGiven(2, first);
    expect(unit.holdings[0]).toBe(first * 7);
    // The session is present, and each filter is sent again.
    await broker.stop();
    await testbed.untilStatus(({ hub }) => hub.state !== 'connected');
    await broker.start();
    await expectGiven(4, first + each);
    await testbed.gateway.signal('SIGTERM');
    await testbed.gateway.start();
    await expectGiven(6, first + 2 * each);
    expect((await testbed.gateway.status()).hub).toMatchObject({ sessionPresent: true, sessionsLost: 0 });
    // A message without RETAIN is for the subdevice, even if another message is retained.
    await retain(8);
    await expectGiven(8, first + 2 * each + 1);
    expect(unit.holdings[0]).toBe(8);
    // A new session, with the other store of the broker.
    await testbed.gateway.signal('SIGTERM');
    await broker.endSession(GATEWAY);
    await testbed.gateway.start();
    await expectGiven(10, first + 3 * each + 1);
    expect((await testbed.gateway.status()).hub).toMatchObject({ sessionPresent: false, sessionsLost: 1 });
    // And a subscription that was cancelled meanwhile.
    const [a] = testbed.subdevices;
    const before = askedFor('unsubscribe');
    a?.command({ kind: 'unsubscribe', filter: 'cmd' });
    await until(() => askedFor('unsubscribe') > before);
    a?.command({ kind: 'subscribe', filter: 'cmd', qos: 1 });
    await expectGiven(11, first + 4 * each + 1, first + 3 * each + 1);
  });
});

describe.skipIf(MOSQUITTO_IS_MISSING)('an invalid command', () => {
  it('an empty message that clears a retained command is no command, and a rejected command names its rejecter', async () => {
    const { testbed, broker, retain, unit } = await openField('once');
    await testbed.gateway.start();
    for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
    await testbed.untilStatus(({ hub }) => hub.subscriptions === 2);
    await retain(7);
    await until(() => unit.holdings[0] === 7);
    await broker.retain(`${GATEWAY}/meter/set`, '');
    const ofMeter = async () =>
      (await testbed.gateway.ledger()).lanes.find(
        ({ subdevice, direction }) => subdevice === 'meter' && direction === 'downlink',
      );
    await until(async () => (await ofMeter())?.shed.empty === 1);
    const isCommandRefused = ({ code }: { readonly code: string }): boolean => code === 'commands-refused';
    expect((await testbed.gateway.status()).conditions.filter(isCommandRefused)).toEqual([]);
    await broker.publish(`${GATEWAY}/meter/set`, ['{}']);
    const { conditions, losing } = await testbed.untilStatus((status) => status.conditions.some(isCommandRefused));
    expect(conditions.find(isCommandRefused)?.sentence).toContain('(meter): the gateway refused it');
    expect([losing, (await ofMeter())?.shed]).toEqual(['no', { empty: 1, 'refused by the gateway': 1 }]);
  });
});
