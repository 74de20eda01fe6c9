/** Lives through one world and says what was wrong with it. */
import { isDrained, problemNow, problemsAtEnd } from './invariants.ts';
import { makePeace, makeTrouble } from './troubles.ts';
import { World, type WorldOptions } from './world.ts';

export interface SimulationOptions extends Partial<WorldOptions> {
  readonly seed: number;
  readonly hours: number;
  /** 0: no trouble; 1: as in a bad week; 10: ten times as often. */
  readonly trouble?: number;
}

export interface Outcome {
  readonly seed: number;
  readonly problems: readonly string[];
  readonly story: readonly string[];
  readonly steps: number;
  readonly uplinks: number;
  readonly downlinks: number;
  readonly duplicates: number;
  readonly commits: number;
}

const HOUR_MS = 3_600_000;
/** After the trouble everything must be delivered within this much virtual time. */
const DRAIN_MS = 4 * HOUR_MS;

export async function simulate(options: SimulationOptions): Promise<Outcome> {
  const world = new World({ subdevices: 8, uplinkEveryMs: 30_000, downlinkEveryMs: 20_000, ...options });
  let problem: string | undefined;
  const check = (): void => {
    problem ??= problemNow(world);
  };
  const isBroken = (): boolean => problem !== undefined;
  const endMs = options.hours * HOUR_MS;
  await world.start(true);
  world.startTraffic();
  makeTrouble(world, endMs, options.trouble ?? 1);
  await world.time.run(endMs, check, isBroken);
  makePeace(world);
  world.isTrafficOn = false;
  await world.time.run(endMs + DRAIN_MS, check, () => isBroken() || isDrained(world));
  const problems = problem === undefined ? await problemsAtEnd(world) : [problem];
  for (const one of problems) world.tell(`WRONG: ${one}`);
  return {
    seed: options.seed,
    problems,
    story: world.story,
    steps: world.time.steps,
    uplinks: sum(world, (subdevice) => subdevice.uplinks.delivered),
    downlinks: sum(world, (subdevice) => subdevice.downlinks.delivered),
    duplicates: sum(world, (subdevice) => subdevice.uplinks.duplicates + subdevice.downlinks.duplicates),
    commits: world.store.commits,
  };
}

function sum(world: World, count: (subdevice: World['subdevices'][number]) => number): number {
  return world.subdevices.reduce((total, subdevice) => total + count(subdevice), 0);
}
