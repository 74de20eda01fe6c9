/** Somebody else connects under our name, again and again for an hour: custody holds, and the pattern is noticed. */
import { expect, it } from 'vitest';
import type { Gateway } from '../../src/app/gateway.ts';
import { overlookRivals } from './sabotage.ts';
import { drawScenario, HOUR_MS, type TroubleEvent } from './scenario.ts';
import { live } from './simulate.ts';

/** The other one comes back so often, and stays for a moment: it stands for one that never backs off. */
const EVERY_MS = 25_000;
const STAYS_MS = 5000;
/** One that comes back within the usual minute each time is thrown out twice as often (below: 59 times). */
const LOSSES_MAX = 30;

/** An hour of it. @returns when we noticed, how often we lost the connection, and how the world fared */
async function fight(seed: number, patch: (gateway: Gateway) => void = () => undefined) {
  const calm = drawScenario({ seed, hours: 2, trouble: 0, subdevices: 3 });
  const troubles = Array.from({ length: HOUR_MS / EVERY_MS }, (_, index): TroubleEvent => {
    return { kind: 'kicked', atMs: (index + 1) * EVERY_MS, ms: STAYS_MS, dice: 0 };
  });
  const told: number[] = [];
  let losses = 0;
  const watch = (gateway: Gateway): void => {
    patch(gateway);
    const { facts } = gateway.parts;
    facts.on('hubTakenOver', ({ times }) => told.push(times));
    facts.on('hubLost', () => {
      losses += 1;
    });
  };
  return { told, outcome: await live({ ...calm, troubles }, { patch: watch }), losses: () => losses };
}

it.each([1, 2, 3, 4, 5])('another gateway with our identity costs no message (seed %i)', async (seed) => {
  const { told, losses, outcome } = await fight(seed);
  expect(outcome.problems, outcome.story.join('\n')).toEqual([]);
  expect(told[0]).toBe(3);
  expect(losses()).toBeLessThan(LOSSES_MAX);
  expect(outcome.uplinks).toBeGreaterThan(100);
});

it('a gateway that does not notice comes back each time to be thrown out again', async () => {
  const { told, losses } = await fight(1, overlookRivals);
  expect(told).toEqual([]);
  expect(losses()).toBeGreaterThan(LOSSES_MAX);
});
