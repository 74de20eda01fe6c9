/** The same guarantee as in `test/e2e/crash.test.ts`, over many more kills, with four subdevices. */
import { describe, expect, it } from 'vitest';
import { killAgainAndAgain } from './kills.ts';
import { openTestbed } from './testbed.ts';

const KILLS = 50;

describe('150 kills in the middle of traffic', () => {
  it.each([1, 2, 3])('lose nothing that was acknowledged and reorder nothing (seed %i)', async (seed) => {
    const house = await openTestbed({
      subdevices: { a: {}, b: { window: 8 }, c: { window: 1 }, d: {} },
      config: { outbox: { commit_ms: 20 }, inbox: { replay_interval_ms: 5 } },
    });
    await house.start();
    const { whileHubAway, whileHubNear } = await killAgainAndAgain(house, { kills: KILLS, seed });
    expect(whileHubAway + whileHubNear).toBe(KILLS);
    const { totals } = await house.expectNothingLost();
    expect(totals.uplink).toMatchObject({ shed: {}, dead: 0, damaged: 0 });
    expect(totals.downlink).toMatchObject({ shed: {}, dead: 0, damaged: 0 });
  });
});
