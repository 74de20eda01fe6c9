/** Another gateway connects with the same client id repeatedly for an hour: no message is lost, and the pattern is detected. */
import { expect, it } from 'vitest';
import type { Gateway } from '../../src/app/gateway.ts';
import { overlookRivals } from './sabotage.ts';
import { drawScenario, HOUR_MS, type TroubleEvent } from './scenario.ts';
import { live } from './simulate.ts';

/** Pause of the other gateway between its connections. Short, as of a gateway without a reconnect delay. */
const EVERY_MS = 25_000;
const STAYS_MS = 5000;
/** Largest number of lost connections. A gateway that reconnects within a minute each time loses 59. */
const LOSSES_MAX = 30;

/** Runs an hour. @returns time of the detection, number of lost connections, and the outcome */
async function fight(seed: number, patch: (gateway: Gateway) => void = () => undefined) {
  const plain = drawScenario({ seed, hours: 2, trouble: 0, subdevices: 3 });
  const troubles = Array.from({ length: HOUR_MS / EVERY_MS }, (_, index): TroubleEvent => {
    return { kind: 'kicked', atMs: (index + 1) * EVERY_MS, ms: STAYS_MS, draw: 0 };
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
  return { told, outcome: await live({ ...plain, troubles }, { patch: watch }), losses: () => losses };
}

it.each([1, 2, 3, 4, 5])('another gateway with our identity costs no message (seed %i)', async (seed) => {
  const { told, losses, outcome } = await fight(seed);
  expect(outcome.problems, outcome.timeline.join('\n')).toEqual([]);
  expect(told[0]).toBe(3);
  expect(losses()).toBeLessThan(LOSSES_MAX);
  expect(outcome.uplinks).toBeGreaterThan(100);
});

it('negative control: a gateway without the detection reconnects and is disconnected each time', async () => {
  const { told, losses } = await fight(1, overlookRivals);
  expect(told).toEqual([]);
  expect(losses()).toBeGreaterThan(LOSSES_MAX);
});
