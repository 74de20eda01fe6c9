/** Devices of lines and Modbus units on the virtual plant: in peace, and gone for a while. */
import { describe, expect, it } from 'vitest';
import { expectHealthy } from './expect-healthy.ts';
import { drawScenario } from './scenario.ts';
import { World } from './world.ts';

const MINUTE_MS = 60_000;

describe.each(['lines', 'modbus'] as const)('a virtual plant of %s', (driverMix) => {
  it('undisturbed, delivers everything once and writes next to nothing', async () => {
    const outcome = await expectHealthy({ seed: 2, hours: 1, trouble: 0, subdevices: 3, driverMix });
    expect(outcome.duplicates).toBe(0);
    expect(outcome.uplinks).toBeGreaterThan(200);
    // subdevices, subscriptions, and what expires within the hour; for the messages nothing
    expect(outcome.commits).toBeLessThanOrEqual(20);
  });
});

it('a unit that stops answering is offline at the hub, its neighbour is not, and it comes back', async () => {
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
