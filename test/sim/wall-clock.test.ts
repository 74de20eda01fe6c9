/** Wrong clocks over virtual days: no message expires early, and one of a certain age does. */
import { describe, expect, it } from 'vitest';
import { ageOf } from '../../src/base/time.ts';
import { drawScenario } from './scenario.ts';
import { World } from './world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const YEARS_20_MS = 20 * 365 * 24 * HOUR_MS;

/** World with one uplink per minute, kept for an hour, and an unreachable hub. */
async function hubless(hoursMax: number): Promise<World> {
  const plain = drawScenario({ seed: 7, hours: 24, trouble: 0, subdevices: 1 });
  const bounds = { ...plain.bounds, uplinkHoursMax: hoursMax };
  const world = new World({ ...plain, bounds, uplinkEveryMs: MINUTE_MS, downlinkEveryMs: MINUTE_MS });
  world.hub.isReachable = false;
  await world.start(true);
  world.traffic.start();
  return world;
}

async function pass(world: World, ms: number): Promise<void> {
  await world.time.run(world.time.nowMs + ms, () => expect(world.complaints).toEqual([]));
}

/** Lets the time service set the clock, correctly or not. */
function synchronise(world: World): void {
  world.syncedAtMs = world.wallMs();
}

function books(world: World): { pending: number; expired: number } {
  const uplinks = world.gateway?.stations.uplinks;
  const expired = uplinks?.knownLanes().reduce((sum, lane) => sum + (uplinks.counts(lane).shed.expired ?? 0), 0) ?? 0;
  return { pending: uplinks?.pending ?? 0, expired };
}

function oldest(world: World) {
  const { stations } = world.gateway ?? {};
  const entry = [...(stations?.uplinks.lanes() ?? [])][0]?.window[0];
  if (stations === undefined || entry === undefined) throw new Error('nothing is waiting');
  return ageOf(entry.row.stamp, stations.stamp(), stations.wallClock.epochs);
}

async function reboot(world: World, offMs: number): Promise<void> {
  world.kill();
  world.syncedAtMs = undefined;
  await pass(world, offMs);
  await world.start(true);
}

describe('steps of the wall clock while running', () => {
  it.each([YEARS_20_MS, -YEARS_20_MS])(
    'by %d ms let no message expire early, with a trusted clock or not',
    async (stepMs) => {
      for (const isService of [false, true]) {
        const world = await hubless(2);
        synchronise(world);
        await pass(world, HOUR_MS);
        const before = books(world);
        world.wallStepMs = stepMs;
        if (isService) synchronise(world);
        await pass(world, 30 * MINUTE_MS);
        expect(books(world)).toMatchObject({ expired: 0 });
        expect(books(world).pending).toBeGreaterThan(before.pending);
        expect(oldest(world)).toMatchObject({ quality: 'exact' });
        await pass(world, 2 * HOUR_MS);
        expect(books(world).expired).toBeGreaterThan(before.pending / 2);
      }
    },
  );
});

describe('a message that waits during a restart', () => {
  it('of the process in the same boot keeps its exact age', async () => {
    const world = await hubless(2);
    await pass(world, 90 * MINUTE_MS);
    world.kill();
    await pass(world, 20 * MINUTE_MS);
    await world.start(false);
    await pass(world, 2 * MINUTE_MS);
    expect(oldest(world).quality).toBe('exact');
    expect(oldest(world).ms).toBeGreaterThan(105 * MINUTE_MS);
    expect(books(world).expired).toBe(0);
    await pass(world, 2 * HOUR_MS);
    expect(books(world).expired).toBeGreaterThan(50);
  });

  it('of the machine has its exact age and expires if both boots had a trusted clock', async () => {
    const world = await hubless(2);
    await pass(world, MINUTE_MS);
    synchronise(world);
    await pass(world, 30 * MINUTE_MS);
    await reboot(world, 3 * HOUR_MS);
    await pass(world, 30_000);
    expect(books(world).expired).toBe(0);
    expect(oldest(world)).toMatchObject({ quality: 'at_least' });
    expect(oldest(world).ms).toBeLessThan(HOUR_MS);
    synchronise(world);
    await pass(world, 3 * MINUTE_MS);
    expect(books(world).expired).toBeGreaterThan(15);
  });

  it.each([
    ['in 1970', -1_800_000_000_000],
    ['twenty years ahead', YEARS_20_MS],
  ])('of the machine with an untrusted clock %s has the age of the time with power', async (_when, stepMs) => {
    const world = await hubless(2);
    synchronise(world);
    await pass(world, 30 * MINUTE_MS);
    world.wallStepMs = stepMs;
    await reboot(world, 20 * HOUR_MS);
    await pass(world, 10 * MINUTE_MS);
    expect(oldest(world)).toMatchObject({ quality: 'at_least' });
    expect(oldest(world).ms).toBeLessThan(HOUR_MS);
    expect(books(world).expired).toBe(0);
    await pass(world, 2 * HOUR_MS);
    expect(books(world).expired).toBeGreaterThan(15);
  });

  it('negative control: expires early if an untrusted clock is used', async () => {
    const world = await hubless(2);
    synchronise(world);
    await pass(world, 30 * MINUTE_MS);
    world.wallStepMs = YEARS_20_MS;
    await reboot(world, MINUTE_MS);
    synchronise(world); // the safety is removed: a wrong clock is trusted
    await world.time.run(world.time.nowMs + 10 * MINUTE_MS, () => undefined);
    expect(world.complaints).not.toEqual([]);
    expect(books(world).expired).toBeGreaterThan(15);
  });
});
