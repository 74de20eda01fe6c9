/** Devices of lines and Modbus units in a simulated world: without troubles, and with an absent unit. */
import { describe, expect, it } from 'vitest';
import { expectHealthy, ROUGH } from './expect-healthy.ts';
import { drawScenario } from './scenario.ts';
import { World } from './world.ts';

const MINUTE_MS = 60_000;

/** Largest number of commits: a command by Modbus TCP takes several round trips, and some take longer than `hold_ms`. */
const COMMITS_MAX = { lines: 21, modbus: 21, 'modbus-tcp': 70 } as const;

describe.each(['lines', 'modbus', 'modbus-tcp'] as const)('a world of %s', (driverMix) => {
  it('without troubles delivers each message once and writes almost nothing', async () => {
    const outcome = await expectHealthy({ seed: 2, hours: 0.7, trouble: 0, subdevices: 3, driverMix });
    expect(outcome.duplicates).toBe(0);
    expect(outcome.uplinks).toBeGreaterThan(140);
    // commits for subdevices, subscriptions, messages that expire within the hour, and its history; none for other messages
    expect(outcome.commits).toBeLessThanOrEqual(COMMITS_MAX[driverMix]);
  });
});

it('worlds of Modbus units are healthy in troubles with adapters that echo, with units that need pauses, and without', async () => {
  const requests = Array.from({ length: 7 }, (_, seed) => ({ ...ROUGH, driverMix: 'modbus', seed }) as const);
  for (const oddity of ['isEchoed', 'isPaused'] as const)
    expect(new Set(requests.map((request) => drawScenario(request)[oddity])).size).toBe(2);
  for (const request of requests) await expectHealthy(request);
});

it('worlds of Modbus TCP are healthy in troubles', async () => {
  for (let seed = 0; seed < 6; seed += 1) await expectHealthy({ ...ROUGH, driverMix: 'modbus-tcp', seed });
});

it.each(['telegrams', 'meters', 'asked'] as const)(
  'worlds of lines with %s are healthy in troubles',
  async (driverMix) => {
    for (let seed = 0; seed < 3; seed += 1) await expectHealthy({ ...ROUGH, driverMix, seed });
  },
);

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
