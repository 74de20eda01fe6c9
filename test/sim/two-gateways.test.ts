/** Somebody else connects under our name, again and again for an hour: custody holds, and the pattern is noticed. */
import { expect, it } from 'vitest';
import { drawScenario, HOUR_MS, type TroubleEvent } from './scenario.ts';
import { live } from './simulate.ts';

/** The other one comes back so often, and stays for a moment: it stands for one that never backs off. */
const EVERY_MS = 25_000;
const STAYS_MS = 5000;

it.each([1, 2, 3, 4, 5])('another gateway with our identity costs no message (seed %i)', async (seed) => {
  const calm = drawScenario({ seed, hours: 2, trouble: 0, subdevices: 3 });
  const troubles = Array.from({ length: HOUR_MS / EVERY_MS }, (_, index): TroubleEvent => {
    return { kind: 'kicked', atMs: (index + 1) * EVERY_MS, ms: STAYS_MS, dice: 0 };
  });
  const told: number[] = [];
  let losses = 0;
  const outcome = await live(
    { ...calm, troubles },
    {
      patch: ({ parts }) => {
        parts.facts.on('hubTakenOver', ({ times }) => told.push(times));
        parts.facts.on('hubLost', () => {
          losses += 1;
        });
      },
    },
  );
  expect(outcome.problems, outcome.story.join('\n')).toEqual([]);
  expect(told[0]).toBe(3);
  // one that came back within the usual minute each time would be thrown out 144 times
  expect(losses).toBeLessThan(30);
  expect(outcome.uplinks).toBeGreaterThan(100);
});
