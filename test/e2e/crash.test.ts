/** SIGKILL at any moment: no acknowledged message is lost, and order is kept. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { killAgainAndAgain } from './kills.ts';
import { openTestbed, type Testbed, type TestbedPlan } from './testbed.ts';
import { until } from './until.ts';

const PLAN: TestbedPlan = {
  subdevices: { a: {}, b: {}, c: { window: 1 } },
  config: { outbox: { commit_ms: 20 }, inbox: { replay_interval_ms: 5 } },
};
const KILLS = 8;
const UNSAFE = fileURLToPath(new URL('./gateway-without-commits.ts', import.meta.url));

describe('a gateway killed during traffic', () => {
  it(`loses no acknowledged message, in either direction, over ${KILLS} kills`, { timeout: 600_000 }, async () => {
    const testbed = await openTestbed(PLAN);
    await testbed.start();
    const { whileHubAway, whileHubNear } = await killAgainAndAgain(testbed, { kills: KILLS, seed: 20_260_701 });
    const { totals } = await testbed.expectNothingLost();
    expect(whileHubAway).toBeGreaterThan(KILLS / 5);
    expect(whileHubNear).toBeGreaterThan(KILLS / 5);
    expect(totals.uplink).toMatchObject({ shed: {}, dead: 0, damaged: 0 });
    expect(totals.downlink).toMatchObject({ shed: {}, dead: 0, damaged: 0 });
  });

  it('negative control: loses messages if it acknowledges before the commit', { timeout: 600_000 }, async () => {
    const testbed = await openTestbed({ ...PLAN, program: UNSAFE });
    await testbed.start();
    await killAgainAndAgain(testbed, { kills: 3, seed: 20_260_701, sights: ['acknowledged', 'arrived'] });
    await testbed.untilIdle();
    expect(testbed.uplinks.missing).toBeGreaterThan(0);
  });
});

describe('a gateway killed once the hub has its PUBACKs, with the subdevice away', () => {
  it('delivers every downlink after its next start', async () => {
    const testbed = await openTestbed(PLAN);
    await acknowledgeAndDie(testbed);
    await testbed.expectNothingLost();
  });

  it('negative control: loses downlinks if it sends the PUBACK before the commit', async () => {
    const testbed = await openTestbed({ ...PLAN, program: UNSAFE });
    await acknowledgeAndDie(testbed);
    await testbed.untilIdle();
    testbed.command(testbed.subdevice('c'));
    await until(() => testbed.downlinks.delivered > 0); // The messages were lost, not the subscription.
    expect(testbed.downlinks.missing).toBeGreaterThan(0);
  });
});

/** Leaves the gateway running again, and the subdevice connected. */
async function acknowledgeAndDie(testbed: Testbed): Promise<void> {
  const c = testbed.subdevice('c');
  await testbed.start();
  await testbed.gateway.ledger(); // The read makes the subscriptions durable, in the unsafe gateway too.
  c.stop();
  for (let count = 0; count < 10; count += 1) testbed.command(c);
  await until(() => testbed.session?.stored === 0 && testbed.session.inFlight === 0);
  await testbed.gateway.signal('SIGKILL');
  await testbed.gateway.start();
  c.start();
  await until(() => c.isConnected);
}
