/** Devices of lines and Modbus units in a simulated world: without troubles, and with an absent unit. */
import { describe, expect, it } from 'vitest';
import { expectHealthy } from './expect-healthy.ts';
import { drawScenario } from './scenario.ts';
import { World } from './world.ts';

const MINUTE_MS = 60_000;

describe.each(['lines', 'modbus'] as const)('a world of %s', (driverMix) => {
  it('without troubles delivers each message once and writes almost nothing', async () => {
    const outcome = await expectHealthy({ seed: 2, hours: 1, trouble: 0, subdevices: 3, driverMix });
    expect(outcome.duplicates).toBe(0);
    expect(outcome.uplinks).toBeGreaterThan(200);
    // commits for subdevices, subscriptions, messages that expire within the hour, and its history; none for other messages
    expect(outcome.commits).toBeLessThanOrEqual(20 + 1);
  });
});

it('a unit without answers is offline at the hub until it answers again, and its neighbour stays online', async () => {
  const world = new World(drawScenario({ seed: 5, hours: 1, trouble: 0, subdevices: 2, driverMix: 'modbus' }));
  const pass = (ms: number): Promise<void> =>
    world.time.run(world.time.nowMs + ms, () => expect(world.complaints).toEqual([]));
  const online = (): number => world.hub.online(world.clientId).length;
  await world.start(true);
  world.traffic.start();
  await pass(MINUTE_MS);
  expect(online()).toBe(2);
  world.subdeviceAt(0).leave();
  await pass(MINUTE_MS);
  expect(online()).toBe(1);
  expect(world.gateway?.stations.registry.byId('s1')?.isAttached).toBe(false);
  world.subdeviceAt(0).comeBack();
  await pass(MINUTE_MS);
  expect(online()).toBe(2);
});
