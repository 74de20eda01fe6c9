/** The hub's time through the real flows: a machine with an unsynchronised clock, at a hub with a time service. */
import { describe, expect, it } from 'vitest';
import type { BenchService } from '../../src/bench/hub/service-contract.ts';
import { Services } from '../../src/bench/hub/services/services.ts';
import { drawScenario } from './scenario.ts';
import { World } from './world.ts';

const MINUTE_MS = 60_000;
const DAYS_3_MS = 3 * 24 * 60 * MINUTE_MS;
const YEARS_20_MS = 20 * 365 * 24 * 60 * MINUTE_MS;
/** Longer than the round trip to the hub. */
const ERROR_MS = 100;

/** World with a mainland hub, which has services: seed 5. */
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

/** Error of the time that signatures are made with. */
function errorMs(world: World): number {
  return Math.abs((clockOf(world).wallMs() ?? 0) - (world.wallMs() - world.wallStepMs));
}

describe('an unsynchronised clock', () => {
  it('is trusted after the hub confirms it', async () => {
    expect(clockOf(await site(0))).toMatchObject({ isTrusted: true, aheadOfHubMs: undefined });
  });

  it('is replaced by the hub’s time if it is wrong, and is not set', async () => {
    const world = await site(-DAYS_3_MS);
    expect(clockOf(world).isTrusted).toBe(false);
    expect(Math.abs((clockOf(world).aheadOfHubMs ?? 0) + DAYS_3_MS)).toBeLessThan(ERROR_MS);
    expect(errorMs(world)).toBeLessThan(ERROR_MS);
  });

  it('that steps during operation does not change signatures, and the hub is asked again', async () => {
    const world = await site(0);
    world.wallStepMs = YEARS_20_MS;
    await pass(world, 10 * MINUTE_MS);
    expect(clockOf(world).isTrusted).toBe(false);
    expect(clockOf(world).aheadOfHubMs).toBeGreaterThan(YEARS_20_MS - ERROR_MS);
    expect(errorMs(world)).toBeLessThan(ERROR_MS);
  });

  it('is used for signatures only, if the hub has no time service', async () => {
    const world = await site(-DAYS_3_MS, []);
    expect(clockOf(world)).toMatchObject({ isTrusted: false, aheadOfHubMs: undefined });
    expect(errorMs(world)).toBe(DAYS_3_MS);
  });
});
