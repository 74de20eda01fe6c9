/** The whole plant on virtual time: in peace, in trouble, and the same way each time. */
import { describe, expect, it } from 'vitest';
import { expectHealthy, ROUGH } from './expect-healthy.ts';
import { live, simulate } from './simulate.ts';

describe('a virtual plant', () => {
  it('undisturbed, delivers everything once and writes next to nothing', async () => {
    const outcome = await expectHealthy({ seed: 1, hours: 1, trouble: 0 });
    expect(outcome.duplicates).toBe(0);
    expect(outcome.shed).toBe(0);
    expect(outcome.uplinks).toBeGreaterThan(500);
    // for each subdevice: its subscription and five topic ids; for the messages nothing
    expect(outcome.commits).toBeLessThanOrEqual(8 * 6);
  });

  it('lives through eight bad hours of eight subdevices', async () => {
    const outcome = await expectHealthy({ seed: 2, hours: 8, trouble: 1 });
    expect(outcome.uplinks).toBeGreaterThan(1500);
  });

  it('goes the same way each time, also from a scenario that was written down', async () => {
    const first = await simulate({ ...ROUGH, seed: 3 });
    const second = await live(JSON.parse(JSON.stringify(first.scenario)));
    expect(second).toEqual(first);
  });
});
