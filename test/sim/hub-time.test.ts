/** The hub's time through the real flows: a machine whose clock nobody synchronises, at a hub that tells the time. */
import { describe, expect, it } from 'vitest';
import type { BenchService } from '../../src/bench/hub/service-contract.ts';
import { Services } from '../../src/bench/hub/services/services.ts';
import { drawScenario } from './scenario.ts';
import { World } from './world.ts';

const MINUTE_MS = 60_000;
const DAYS_3_MS = 3 * 24 * 60 * MINUTE_MS;
const YEARS_20_MS = 20 * 365 * 24 * 60 * MINUTE_MS;
/** The way to the hub and back takes less. */
const ERROR_MS = 100;

/** Seed 5 draws a mainland hub, which has services. */
async function site(wallStepMs: number, hubServices: readonly BenchService[] = new Services().all): Promise<World> {
  const world = new World(drawScenario({ seed: 5, hours: 1, trouble: 0, subdevices: 1 }), { hubServices });
  world.wallStepMs = wallStepMs;
  await world.start(true);
  return await pass(world, 2 * MINUTE_MS);
}

async function pass(world: World, ms: number): Promise<World> {
  await world.time.run(world.time.nowMs + ms, () => expect(world.complaints).toEqual([]));
  return world;
}

function clockOf({ gateway }: World) {
  if (gateway === undefined) throw new Error('there is no gateway');
  return gateway.stations.wallClock;
}

/** By how much the time that signatures are made with is off. */
function errorMs(world: World): number {
  return Math.abs((clockOf(world).wallMs() ?? 0) - (world.wallMs() - world.wallStepMs));
}

describe('a clock that nobody synchronises', () => {
  it('is trusted once the hub confirms it', async () => {
    expect(clockOf(await site(0))).toMatchObject({ isTrusted: true, aheadOfHubMs: undefined });
  });

  it('is overruled by the hub where it is wrong, and stays as it is', async () => {
    const world = await site(-DAYS_3_MS);
    expect(clockOf(world).isTrusted).toBe(false);
    expect(Math.abs((clockOf(world).aheadOfHubMs ?? 0) + DAYS_3_MS)).toBeLessThan(ERROR_MS);
    expect(errorMs(world)).toBeLessThan(ERROR_MS);
  });

  it('that steps under way moves no signature, and the hub is asked again', async () => {
    const world = await site(0);
    world.wallStepMs = YEARS_20_MS;
    await pass(world, 10 * MINUTE_MS);
    expect(clockOf(world).isTrusted).toBe(false);
    expect(clockOf(world).aheadOfHubMs).toBeGreaterThan(YEARS_20_MS - ERROR_MS);
    expect(errorMs(world)).toBeLessThan(ERROR_MS);
  });

  it('is believed for signatures and for nothing else where the hub does not tell the time', async () => {
    const world = await site(-DAYS_3_MS, []);
    expect(clockOf(world)).toMatchObject({ isTrusted: false, aheadOfHubMs: undefined });
    expect(errorMs(world)).toBe(DAYS_3_MS);
  });
});
