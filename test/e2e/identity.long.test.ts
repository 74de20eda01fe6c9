/**
 * The gateway gets another identity at the hub, and then its first one again: each session has the current filters.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openTestbed, type Testbed, type TestbedPlan } from './testbed.ts';
import { until } from './until.ts';

const HEEDLESS = fileURLToPath(new URL('./gateway-without-hub-checks.ts', import.meta.url));

async function becomes(testbed: Testbed, clientId: string): Promise<void> {
  await testbed.gateway.signal('SIGTERM');
  const text = readFileSync(testbed.configPath, 'utf8').replace(/^client_id = .*\n/m, '');
  writeFileSync(testbed.configPath, text.replace('[hub]\n', `[hub]\nclient_id = "${clientId}"\n`));
  await testbed.gateway.start();
  await testbed.untilStatus(({ hub }) => hub.state === 'connected' && hub.clientId === clientId);
}

const filtersOf = (testbed: Testbed, clientId: string): number =>
  testbed.hub.sessions().find((session) => session.clientId === clientId)?.subscriptions.length ?? 0;

/** Finally the identity is `gw` again, whose session is present and lacks the filter of b. */
async function swap(plan: TestbedPlan = {}): Promise<Testbed> {
  const testbed = await openTestbed(plan);
  await testbed.gateway.start();
  testbed.enter(testbed.subdevice('a'));
  await until(() => filtersOf(testbed, 'gw') === 1 && testbed.subdevice('a').isSubscribed);
  await becomes(testbed, 'spare');
  testbed.enter(testbed.subdevice('b'));
  await until(() => filtersOf(testbed, 'spare') === 2 && testbed.subdevice('b').isSubscribed);
  await becomes(testbed, 'gw');
  return testbed;
}

it('filters that were granted to another identity do not count for this one, and no command is lost', async () => {
  const testbed = await swap();
  await until(() => filtersOf(testbed, 'gw') === 2);
  for (const subdevice of testbed.subdevices) testbed.command(subdevice);
  await testbed.expectNothingLost();
});

it('negative control: a gateway that counts them never subscribes, and the command is lost', async () => {
  const testbed = await swap({ program: HEEDLESS, env: { OVERLOOKS: 'owners' } });
  for (const id of ['b', 'a']) testbed.command(testbed.subdevice(id));
  await until(() => testbed.subdevice('a').downlinks.delivered === 1);
  expect([filtersOf(testbed, 'gw'), testbed.subdevice('b').downlinks.delivered]).toEqual([1, 0]);
});
