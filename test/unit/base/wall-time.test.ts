/** Wall times of stamps, compared with the true time in any history of boots. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Epoch, type Stamp, type WallTime, wallTimeOf } from '../../../src/base/time.ts';

const START_MS = Date.UTC(2026, 6, 8);
const HOUR_MS = 3_600_000;

function boot(epoch: number, lastUpMs: number, wallMinusUpMs?: number, sleptAtUpMs?: number): Epoch {
  return { epoch, bootId: `boot-${epoch}`, lastUpMs, wallMinusUpMs, sleptAtUpMs };
}

const epochsOf = (...boots: readonly Epoch[]): ReadonlyMap<number, Epoch> =>
  new Map(boots.map((one) => [one.epoch, one]));

const STAMP = { epoch: 1, upMs: HOUR_MS };

/** Wall time in the last of these boots. */
const wallTimeIn = (stamp: Stamp, epochs: ReadonlyMap<number, Epoch>): WallTime =>
  wallTimeOf(stamp, Math.max(stamp.epoch, ...epochs.keys()), epochs);

describe('the wall time of a stamp', () => {
  it('is exact if the clock was trusted in its boot, now or later', () => {
    expect(wallTimeIn(STAMP, epochsOf(boot(1, 2 * HOUR_MS, START_MS)))).toEqual({
      quality: 'exact',
      ms: START_MS + HOUR_MS,
    });
    expect(wallTimeIn(STAMP, epochsOf(boot(1, 2 * HOUR_MS, START_MS), boot(2, 5000)))).toMatchObject({
      quality: 'exact',
    });
  });

  it('is not known if no clock was trusted since', () => {
    expect(wallTimeIn(STAMP, epochsOf(boot(1, 2 * HOUR_MS), boot(2, 5000)))).toEqual({
      quality: 'none',
      ms: undefined,
    });
    expect(wallTimeIn(STAMP, epochsOf())).toEqual({ quality: 'none', ms: undefined });
  });

  it('has a latest possible value by the first later boot with a trusted clock', () => {
    const epochs = epochsOf(
      boot(1, 2 * HOUR_MS),
      boot(2, 3 * HOUR_MS),
      boot(3, HOUR_MS, START_MS + 9 * HOUR_MS),
      boot(4, HOUR_MS, START_MS + 20 * HOUR_MS),
    );
    expect(wallTimeIn(STAMP, epochs)).toEqual({ quality: 'at_least', ms: START_MS + 5 * HOUR_MS });
  });

  it('is a latest possible value for a stamp from before a sleep', () => {
    const epochs = epochsOf(boot(1, 2 * HOUR_MS, START_MS, HOUR_MS + 1));
    expect(wallTimeIn(STAMP, epochs)).toEqual({ quality: 'at_least', ms: START_MS + HOUR_MS });
    expect(wallTimeIn({ epoch: 1, upMs: HOUR_MS + 2 }, epochs).quality).toBe('exact');
  });

  it('is not exact if the clocks of two boots contradict each other', () => {
    const epochs = epochsOf(boot(1, 2 * HOUR_MS, START_MS + 9 * HOUR_MS), boot(2, 5000, START_MS + 3 * HOUR_MS));
    expect(wallTimeIn(STAMP, epochs)).toEqual({ quality: 'at_least', ms: START_MS + 2 * HOUR_MS });
  });

  it('is exact if the clocks of two boots differ by less than their errors', () => {
    const epochs = epochsOf(boot(1, 2 * HOUR_MS, START_MS + 3900), boot(2, 5000, START_MS + 2 * HOUR_MS));
    expect(wallTimeIn(STAMP, epochs)).toEqual({ quality: 'exact', ms: START_MS + HOUR_MS + 3900 });
  });

  it('is right or not before the true time, in any history, and stays so while later boots come', () => {
    const history = fc.array(
      fc.record({
        upMs: fc.nat(10 * HOUR_MS),
        offMs: fc.nat(10 * HOUR_MS),
        isTrusted: fc.boolean(),
      }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(history, fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (boots, which, place) => {
        let wallMs = START_MS;
        const epochs = boots.map(({ upMs, offMs, isTrusted }, index) => {
          const one = boot(index + 1, upMs, isTrusted ? wallMs : undefined);
          const startedAtMs = wallMs;
          wallMs += upMs + offMs;
          return { one, startedAtMs };
        });
        const { one, startedAtMs } = epochs[which % epochs.length] as (typeof epochs)[number];
        const stamp = { epoch: one.epoch, upMs: Math.floor(place * one.lastUpMs) };
        const trueMs = startedAtMs + stamp.upMs;
        const known = [];
        for (let count = one.epoch; count <= epochs.length; count += 1)
          known.push(wallTimeIn(stamp, epochsOf(...epochs.slice(0, count).map((each) => each.one))));
        for (const { quality, ms } of known) {
          if (quality === 'exact') expect(ms).toBe(trueMs);
          if (quality === 'at_least') expect(ms).toBeGreaterThanOrEqual(trueMs);
        }
        // a time that is known once does not change
        const dated = known.filter(({ quality }) => quality !== 'none');
        expect(new Set(dated.map(({ ms }) => ms)).size).toBeLessThanOrEqual(1);
        if (one.wallMinusUpMs !== undefined) expect(dated[0]?.quality).toBe('exact');
      }),
      { numRuns: 1000 },
    );
  });
});
