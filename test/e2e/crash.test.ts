/** SIGKILL at any moment: nothing acknowledged is lost, nothing comes out of order. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type House, type HousePlan, openHouse } from './testbed.ts';
import { killAgainAndAgain } from './kills.ts';
import { until } from './until.ts';

const PLAN: HousePlan = {
  subdevices: { a: {}, b: {}, c: { window: 1 } },
  config: { outbox: { commit_ms: 20 }, inbox: { replay_interval_ms: 5 } },
};
const UNSAFE = fileURLToPath(new URL('./gateway-without-commits.ts', import.meta.url));

describe('a gateway killed in the middle of traffic', () => {
  it('loses nothing it acknowledged, in either direction, over 50 kills', { timeout: 600_000 }, async () => {
    const house = await openHouse(PLAN);
    await house.start();
    const { whileHubAway, whileHubNear } = await killAgainAndAgain(house, { kills: 50, seed: 20_260_701 });
    const { totals } = await house.expectNothingLost();
    expect(whileHubAway).toBeGreaterThan(10);
    expect(whileHubNear).toBeGreaterThan(10);
    expect(totals.uplink).toMatchObject({ shed: {}, dead: 0, damaged: 0 });
    expect(totals.downlink).toMatchObject({ shed: {}, dead: 0, damaged: 0 });
  });

  it('is noticed to lose messages when it acknowledges before the commit', { timeout: 600_000 }, async () => {
    const house = await openHouse({ ...PLAN, program: UNSAFE });
    await house.start();
    await killAgainAndAgain(house, { kills: 12, seed: 20_260_701, sights: ['acknowledged', 'arrived'] });
    await house.untilIdle();
    expect(house.uplinks.missing).toBeGreaterThan(0);
  });
});

describe('a gateway killed once the hub has its PUBACKs, with the subdevice away', () => {
  it('delivers every downlink after its next start', async () => {
    const house = await openHouse(PLAN);
    await acknowledgeAndDie(house);
    await house.expectNothingLost();
  });

  it('is noticed to lose downlinks when it sends the PUBACK before the commit', async () => {
    const house = await openHouse({ ...PLAN, program: UNSAFE });
    await acknowledgeAndDie(house);
    await house.untilIdle();
    house.command(house.subdevice('c'));
    await until(() => house.downlinks.delivered > 0); // it is the messages that were forgotten, not the subscription
    expect(house.downlinks.missing).toBeGreaterThan(0);
  });
});

/** Leaves the gateway running again, and the subdevice back. */
async function acknowledgeAndDie(house: House): Promise<void> {
  const c = house.subdevice('c');
  const { promise: isSubscribed, resolve } = Promise.withResolvers<void>();
  c.onReport(({ kind }) => {
    if (kind === 'subscribed') resolve();
  });
  await house.start();
  await isSubscribed;
  await house.gateway.ledger(); // reads the store: who is subscribed to what is on the disk, in the unsafe gateway too
  c.stop();
  for (let count = 0; count < 10; count += 1) house.command(c);
  await until(() => house.session?.stored === 0 && house.session.inFlight === 0);
  await house.gateway.signal('SIGKILL');
  await house.gateway.start();
  c.start();
  await until(() => c.isConnected);
}
