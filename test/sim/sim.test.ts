/** Whole worlds on virtual time: without troubles, with troubles, and reproducible. */
import { describe, expect, it } from 'vitest';
import { expectHealthy, ROUGH } from './expect-healthy.ts';
import { live, simulate } from './simulate.ts';

describe('a world', () => {
  it('without troubles delivers each message once and writes almost nothing', async () => {
    const outcome = await expectHealthy({ seed: 1, hours: 1, trouble: 0 });
    expect(outcome.duplicates).toBe(0);
    expect(outcome.shed).toBe(0);
    expect(outcome.uplinks).toBeGreaterThan(500);
    // commits for the subscription and five topic ids of each subdevice, and one for the history of the hour; none for messages
    expect(outcome.commits).toBeLessThanOrEqual(8 * 6 + 1);
  });

  it('has no problem in eight hours of eight subdevices with troubles', async () => {
    const outcome = await expectHealthy({ seed: 2, hours: 8, trouble: 1 });
    expect(outcome.uplinks).toBeGreaterThan(1500);
  });

  it('is reproducible, also from a scenario in JSON', async () => {
    const first = await simulate({ ...ROUGH, seed: 3 });
    const second = await live(JSON.parse(JSON.stringify(first.scenario)));
    expect(second).toEqual(first);
  });
});
