/** A hub that closes the connection on the topic of the telemetry: the topic is set aside, and data flow. */
import { expect, it } from 'vitest';
import { openTestbed } from './testbed.ts';
import { until } from './until.ts';

it('telemetry on which the hub closes the connection is set aside, and all uplinks arrive', async () => {
  const more = '[telemetry]\ntopic = "holdfast/{gateway}/health"\n';
  const testbed = await openTestbed({ isTapped: true, config: { hub: { attempts_max: 1 } }, more });
  let documents = 0;
  testbed.tap.closesOn = (packet) => {
    const isDocument = packet.kind === 'publish' && packet.topic === 'holdfast/gw/health';
    if (isDocument) documents += 1;
    return isDocument;
  };
  await testbed.gateway.start();
  for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
  testbed.publish(20);
  const { conditions } = await testbed.untilStatus((status) =>
    status.conditions.some(({ code }) => code === 'hub-closes-on-packet'),
  );
  expect(conditions.find(({ code }) => code === 'hub-closes-on-packet')?.sentence).toContain('holdfast/gw/health');
  testbed.publish(20);
  await until(() => testbed.uplinks.delivered === testbed.uplinks.sent && testbed.uplinks.sent === 80);
  await testbed.expectNothingLost();
  expect(documents, 'a topic that is set aside is tried seldom').toBeLessThan(10);
});
