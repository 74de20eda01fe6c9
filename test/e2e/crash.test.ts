/** SIGKILL at any moment: nothing acknowledged is lost, nothing comes out of order. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type HousePlan, openHouse } from './house.ts';
import { killAgainAndAgain } from './kills.ts';

const PLAN: HousePlan = {
  subdevices: { a: {}, b: {}, c: { window: 1 } },
  config: { outbox: { commit_ms: 20 }, inbox: { replay_interval_ms: 5 } },
};
const UNSAFE = fileURLToPath(new URL('./unsafe-gateway.ts', import.meta.url));

describe('a gateway killed in the middle of traffic', () => {
  it('loses nothing it acknowledged, in either direction, over 50 kills', { timeout: 300_000 }, async () => {
    const house = await openHouse(PLAN);
    await house.start();
    const { whileHubAway, whileHubNear } = await killAgainAndAgain(house, { kills: 50, seed: 20_260_701 });
    const { totals } = await house.expectNothingLost();
    expect(whileHubAway).toBeGreaterThan(10);
    expect(whileHubNear).toBeGreaterThan(10);
    expect(totals.uplink).toMatchObject({ shed: {}, dead: 0, damaged: 0 });
    expect(totals.downlink).toMatchObject({ shed: {}, dead: 0, damaged: 0 });
  });

  it('is noticed to lose messages when it acknowledges before the commit', { timeout: 120_000 }, async () => {
    const house = await openHouse({ ...PLAN, program: UNSAFE });
    await house.start();
    await killAgainAndAgain(house, { kills: 12, seed: 20_260_701, sights: ['acknowledged', 'arrived'] });
    await house.untilIdle();
    expect(house.uplinks.missing).toBeGreaterThan(0);
  });
});
