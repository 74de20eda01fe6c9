/** The guarantee of `test/e2e/crash.test.ts`, over many more kills, with four subdevices. */
import { describe, expect, it } from 'vitest';
import { killAgainAndAgain } from './kills.ts';
import { openTestbed } from './testbed.ts';

const KILLS = 20;

describe('40 kills during traffic', () => {
  it.each([1, 2])('lose no acknowledged message and reorder nothing (seed %i)', async (seed) => {
    const testbed = await openTestbed({
      subdevices: { a: {}, b: { window: 8 }, c: { window: 1 }, d: {} },
      config: { outbox: { commit_ms: 20 }, inbox: { replay_interval_ms: 5 } },
    });
    await testbed.start();
    const { whileHubAway, whileHubNear } = await killAgainAndAgain(testbed, { kills: KILLS, seed });
    expect(whileHubAway + whileHubNear).toBe(KILLS);
    const { totals } = await testbed.expectNothingLost();
    expect(totals.uplink).toMatchObject({ shed: {}, dead: 0, damaged: 0 });
    expect(totals.downlink).toMatchObject({ shed: {}, dead: 0, damaged: 0 });
  });
});
