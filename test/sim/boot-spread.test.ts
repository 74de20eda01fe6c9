/** The first connections of several gateways: spread after a boot, and not after a restart of the process. */
import { expect, it } from 'vitest';
import { drawScenario } from './scenario.ts';
import { World } from './world.ts';

const SPREAD_MS = 60_000;
const GATEWAYS = 12;

/** @returns ms from the start to the hub of each gateway: after a boot, and after a restart of its process */
async function timesToHub(bootSpreadMs: number): Promise<{ readonly boots: number[]; readonly restarts: number[] }> {
  const times = { boots: [] as number[], restarts: [] as number[] };
  for (let seed = 1; seed <= GATEWAYS; seed += 1) {
    const plain = drawScenario({ seed, hours: 1, trouble: 0, subdevices: 1 });
    let connectedAtMs: number | undefined;
    const world = new World(
      { ...plain, profile: 'generic' },
      {
        alter: (parts) => ({ ...parts, config: { ...parts.config, hub: { ...parts.config.hub, bootSpreadMs } } }),
        patch: (gateway) =>
          void gateway.parts.facts.on('hubConnected', () => {
            connectedAtMs ??= world.time.nowMs;
          }),
      },
    );
    const start = async (isNewBoot: boolean): Promise<number> => {
      connectedAtMs = undefined;
      await world.start(isNewBoot);
      const untilMs = world.startedAtMs + 2 * SPREAD_MS;
      await world.time.run(
        untilMs,
        () => undefined,
        () => connectedAtMs !== undefined,
      );
      return (connectedAtMs ?? Number.POSITIVE_INFINITY) - world.startedAtMs;
    };
    times.boots.push(await start(true));
    world.kill();
    world.hub.cut();
    times.restarts.push(await start(false));
    expect(world.complaints).toEqual([]);
  }
  return times;
}

const width = (times: readonly number[]): number => Math.max(...times) - Math.min(...times);

it('after a boot are spread over the time of boot_spread_ms, and restarts do not wait for it', async () => {
  const { boots, restarts } = await timesToHub(SPREAD_MS);
  expect(width(boots)).toBeGreaterThan(SPREAD_MS / 2);
  expect(Math.max(...boots)).toBeLessThan(SPREAD_MS + 5000);
  expect(Math.max(...restarts)).toBeLessThan(5000);
});

it('negative control: without a spread they are within a second', async () => {
  const { boots } = await timesToHub(0);
  expect(width(boots)).toBeLessThan(1000);
});
