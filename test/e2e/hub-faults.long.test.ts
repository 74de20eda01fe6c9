/** Each fault of the bench hub without another test, during traffic of the real gateway. */
import { describe, expect, it } from 'vitest';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

const CLIENT_ID = 'gw';

const FAULTS: readonly (readonly [string, (testbed: Testbed) => void])[] = [
  ['takes the connection away', ({ hub }) => hub.setFault({ kind: 'kick', clientId: CLIENT_ID })],
  ['sends what is no MQTT', ({ hub }) => hub.setFault({ kind: 'sendGarbage', clientId: CLIENT_ID })],
  [
    'says that there is no session, and has one',
    (testbed) => {
      testbed.setFaults({ sessionPresentClaim: 'never' });
      testbed.hub.setFault({ kind: 'dropConnections' });
    },
  ],
  [
    'says that there is a session, and has it',
    (testbed) => {
      testbed.setFaults({ sessionPresentClaim: 'always' });
      testbed.hub.setFault({ kind: 'dropConnections' });
    },
  ],
];

describe('a hub that during traffic', () => {
  it.each(FAULTS)('%s costs no message in either direction', async (_what, bringAbout) => {
    const testbed = await openTestbed({ config: { hub: { reconnect_floor_ms: 100 } } });
    await testbed.start();
    testbed.publish(20);
    for (const subdevice of testbed.subdevices) testbed.command(subdevice);
    bringAbout(testbed);
    await until(() => testbed.gateway.journal.includes('hub lost'));
    testbed.publish(20);
    for (const subdevice of testbed.subdevices) testbed.command(subdevice);
    await until(() => testbed.session?.isConnected === true);
    await testbed.expectNothingLost();
  });
});

it('a hub that lost the subscriptions and says SessionPresent=1 gets them again within seconds', async () => {
  const testbed = await openTestbed({ config: { hub: { reconnect_floor_ms: 100 } } });
  await testbed.start();
  testbed.setFaults({ sessionPresentClaim: 'always' });
  testbed.hub.setFault({ kind: 'forgetSession', clientId: CLIENT_ID });
  await until(() => testbed.session?.subscriptions.length === 2);
  expect((await testbed.gateway.status()).hub).toMatchObject({ sessionPresent: true, sessionsLost: 0 });
  for (const subdevice of testbed.subdevices) testbed.command(subdevice);
  testbed.publish(5);
  await testbed.expectNothingLost();
});
