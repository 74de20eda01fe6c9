/**
 * More downlinks at once than fit in the inbox of a subdevice that is away, sent by mosquitto to the real process.
 */
import { expect, it } from 'vitest';
import { BrokerTestbed } from './any-broker.ts';
import { MOSQUITTO_IS_MISSING, Mosquitto } from './mosquitto.ts';
import { until } from './until.ts';

const SENT = 2000;
const KEPT = 150;

it.skipIf(MOSQUITTO_IS_MISSING).each([
  { overflow: 'drop-oldest', inFlight: 20, first: SENT - KEPT + 1 },
  { overflow: 'drop-oldest', inFlight: 0, first: SENT - KEPT + 1 },
  { overflow: 'drop-newest', inFlight: 0, first: 1 },
])(
  'with $overflow, $inFlight in flight, the subdevice gets 150 from number $first on',
  async ({ overflow, inFlight, first }) => {
    const lines = [`max_inflight_messages ${inFlight}`, 'max_queued_messages 0'];
    const brokerTestbed = await BrokerTestbed.open({
      brokerAt: (port, folder) => new Mosquitto(port, folder, undefined, lines),
      subdevices: ['a'],
      inbox: { overflow },
    });
    const { testbed } = brokerTestbed;
    const a = testbed.subdevice('a');
    await brokerTestbed.enter();
    a.command({ kind: 'disconnect' });
    await testbed.untilStatus(({ links }) => links.every(({ subdevices }) => subdevices.length === 0));
    await brokerTestbed.command(a, SENT);
    await until(async () => (await testbed.gateway.ledger()).totals.downlink.accepted === SENT);
    await testbed.untilStatus(({ inbox }) => inbox.messages === KEPT && inbox.onDisk === KEPT);
    const { conditions } = await testbed.gateway.status();
    expect(conditions.map(({ code, hint }) => `${code}: ${hint}`)).toContainEqual(
      expect.stringMatching(/^inbox-shedding: Bring the subdevice back, raise messages_max of \[inbox\]/),
    );
    a.command({ kind: 'connect' });
    await until(() => a.downlinks.delivered === KEPT);
    await until(async () => (await testbed.gateway.ledger()).totals.downlink.pending === 0);
    const ledger = await testbed.gateway.ledger();
    expect(ledger.balances).toBe(true);
    expect(ledger.totals.downlink).toMatchObject({
      delivered: KEPT,
      shed: { [`overflow ${overflow}`]: SENT - KEPT },
    });
    expect(a.downlinks).toMatchObject({ delivered: KEPT, reordered: 0 });
    const expected = Array.from({ length: KEPT }, (_, index) => first + index);
    expect(expected.filter((number) => !a.downlinks.hasArrived(number))).toEqual([]);
  },
);
