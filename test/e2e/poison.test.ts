/** A message on which the hub closes the connection each time: it must not stop everything behind it. */
import { expect, it } from 'vitest';
import { openHouse } from './house.ts';
import { until } from './until.ts';

it('a message on which the hub closes the connection is set aside, and everything behind it arrives', async () => {
  const house = await openHouse({ isTapped: true, config: { hub: { attempts_max: 2 } } });
  house.tap.closesOn = (packet) => packet.kind === 'publish' && packet.topic === 'gw/a/poison';
  await house.start();
  const a = house.subdevice('a');
  house.publish(20);
  a.publish('poison');
  house.publish(20);
  await house.untilAcknowledged();
  await until(async () => (await house.gateway.ledger()).totals.uplink.pending === 0);
  const ledger = await house.gateway.ledger();
  expect(ledger.totals.uplink).toMatchObject({ accepted: 81, delivered: 80, dead: 1, imbalance: 0 });
  expect(house.uplinks).toMatchObject({ delivered: 80, missing: 1, reordered: 0 });
  expect(house.gateway.journal).toMatch(
    /gw\/a\/poison is a dead letter: the hub closes the connection on it \(2 times\)/,
  );
  const { hub, conditions } = await house.untilStatus(({ hub }) => hub.state === 'connected');
  expect([hub.takings, conditions.map(({ code }) => code)]).toEqual([0, ['dead-letters']]);
});
