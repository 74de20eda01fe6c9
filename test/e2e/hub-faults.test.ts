/** Each fault of the bench hub that no other test here brings about, in the middle of traffic of the real gateway. */
import { describe, expect, it } from 'vitest';
import { type House, openHouse } from './testbed.ts';
import { until } from './until.ts';

const CLIENT_ID = 'gw';

const FAULTS: readonly (readonly [string, (house: House) => void])[] = [
  ['takes the connection away', ({ hub }) => hub.setFault({ kind: 'kick', clientId: CLIENT_ID })],
  ['sends what is no MQTT', ({ hub }) => hub.setFault({ kind: 'sendGarbage', clientId: CLIENT_ID })],
  [
    'says that there is no session, and has one',
    (house) => {
      house.setFaults({ sessionPresentClaim: 'never' });
      house.hub.setFault({ kind: 'dropConnections' });
    },
  ],
  [
    'says that there is a session, and has it',
    (house) => {
      house.setFaults({ sessionPresentClaim: 'always' });
      house.hub.setFault({ kind: 'dropConnections' });
    },
  ],
];

describe('a hub that in the middle of traffic', () => {
  it.each(FAULTS)('%s costs no message in either direction', async (_what, bringAbout) => {
    const house = await openHouse({ config: { hub: { reconnect_floor_ms: 100 } } });
    await house.start();
    house.publish(20);
    for (const subdevice of house.subdevices) house.command(subdevice);
    bringAbout(house);
    await until(() => house.gateway.journal.includes('hub lost'));
    house.publish(20);
    for (const subdevice of house.subdevices) house.command(subdevice);
    await until(() => house.session?.isConnected === true);
    await house.expectNothingLost();
  });
});

it('a hub that lost the subscriptions and says SessionPresent=1 gets them again within seconds', async () => {
  const house = await openHouse({ config: { hub: { reconnect_floor_ms: 100 } } });
  await house.start();
  house.setFaults({ sessionPresentClaim: 'always' });
  house.hub.setFault({ kind: 'forgetSession', clientId: CLIENT_ID });
  await until(() => house.session?.subscriptions.length === 2);
  expect((await house.gateway.status()).hub).toMatchObject({ sessionPresent: true, sessionsLost: 0 });
  for (const subdevice of house.subdevices) house.command(subdevice);
  house.publish(5);
  await house.expectNothingLost();
});
