/** Runs one world and returns its problems. */
import { isDrained, problemNow, problemsOnDisk, problemsWhenDrained } from './invariants.ts';
import { drawScenario, HOUR_MS, type Scenario, type ScenarioRequest } from './scenario.ts';
import { schedule } from './troubles.ts';
import { type Sabotage, World } from './world.ts';

export interface Outcome {
  readonly scenario: Scenario;
  readonly problems: readonly string[];
  readonly timeline: readonly string[];
  /** Virtual duration, ms. */
  readonly lastedMs: number;
  readonly steps: number;
  readonly uplinks: number;
  readonly downlinks: number;
  readonly duplicates: number;
  readonly shed: number;
  readonly commits: number;
  /** Number of images that subdevices have installed. */
  readonly installations: number;
}

/** Virtual time within which all messages must be delivered after the troubles. */
const DRAIN_MS = 4 * HOUR_MS;
/** Longest duration of an orderly stop. */
const STOP_MS = 60_000;
/** Largest number of steps in a virtual second. More show an endless loop. */
const STEPS_PER_S_MAX = 20_000;

export function simulate(request: ScenarioRequest, sabotage?: Sabotage): Promise<Outcome> {
  return live(drawScenario(request), sabotage);
}

export async function live(scenario: Scenario, sabotage?: Sabotage): Promise<Outcome> {
  const world = new World(scenario, sabotage);
  const { time } = world;
  let problem: string | undefined;
  const second = { startsAtMs: 0, steps: 0 };
  const check = (): void => {
    problem ??= problemNow(world);
    if (time.nowMs - second.startsAtMs >= 1000) Object.assign(second, { startsAtMs: time.nowMs, steps: time.steps });
    else if (time.steps - second.steps > STEPS_PER_S_MAX) problem ??= `${STEPS_PER_S_MAX} steps within a second`;
  };
  const isBroken = (): boolean => problem !== undefined;
  const endMs = scenario.hours * HOUR_MS;
  await world.start(true);
  world.traffic.start();
  schedule(world);
  world.firmware?.schedule();
  await time.run(endMs, check, isBroken);
  if (!isBroken()) {
    world.endTroubles();
    world.traffic.isOn = false;
  }
  await time.run(endMs + DRAIN_MS, check, () => isBroken() || isDrained(world));
  const problems = problem === undefined ? problemsWhenDrained(world) : [problem];
  if (problems.length === 0) problems.push(...(await stopAndLook(world)));
  for (const one of problems) if (!world.complaints.includes(one)) world.tell(`WRONG: ${one}`);
  return { scenario, problems, timeline: world.timeline, lastedMs: time.nowMs, ...sums(world) };
}

async function stopAndLook(world: World): Promise<string[]> {
  let isStopped = false;
  void world.gateway?.stop('the end of the simulation').then(() => {
    isStopped = true;
  });
  await world.time.run(
    world.time.nowMs + STOP_MS,
    () => undefined,
    () => isStopped,
  );
  return isStopped ? problemsOnDisk(world) : ['the gateway does not stop'];
}

function sums(world: World): Omit<Outcome, 'scenario' | 'problems' | 'timeline' | 'lastedMs'> {
  const sum = { uplinks: 0, downlinks: 0, duplicates: 0, shed: 0 };
  for (const { uplinks, downlinks } of world.subdevices) {
    sum.uplinks += uplinks.delivered;
    sum.downlinks += downlinks.delivered;
    sum.duplicates += uplinks.duplicates + downlinks.duplicates;
    sum.shed += uplinks.shed + downlinks.shed;
  }
  const installations = world.firmware?.installations ?? 0;
  return { ...sum, steps: world.time.steps, commits: world.store.commits, installations };
}
