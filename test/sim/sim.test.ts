/** The whole plant on virtual time: every seed must end with nothing lost, nothing reordered and balanced books. */
import { describe, expect, it } from 'vitest';
import { simulate } from './simulate.ts';

const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);

describe('a virtual plant', () => {
  it('undisturbed, delivers everything once and writes next to nothing', async () => {
    const outcome = await simulate({ seed: 1, hours: 1, trouble: 0 });
    expect(outcome.problems).toEqual([]);
    expect(outcome.duplicates).toBe(0);
    expect(outcome.uplinks).toBeGreaterThan(500);
    expect(outcome.commits).toBeLessThan(outcome.uplinks / 50);
  });

  it.each(SEEDS)('in trouble, loses nothing it acknowledged (seed %i)', async (seed) => {
    const outcome = await simulate({ seed, hours: 0.5, trouble: 10 });
    expect(outcome.problems, outcome.story.join('\n')).toEqual([]);
  });
});
