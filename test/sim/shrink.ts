/**
 * Finds the smallest world with the same problem as a failed one: fewer troubles (halves, then quarters: Zeller's ddmin), an
 * earlier end, fewer subdevices. Then prints its timeline.
 */
import { HOUR_MS, type Scenario } from './scenario.ts';
import { live, type Outcome } from './simulate.ts';
import type { Sabotage } from './world.ts';

/** Largest number of worlds that are run. */
const WORLDS_MAX = 80;
const TIMELINE_MAX = 60;

/** Returns a problem without its numbers, since the same defect can affect other messages. */
export function kindOf(problem: string | undefined): string {
  return (problem ?? '').replace(/\d+/g, '#').split('\n')[0] ?? '';
}

export async function shrink(outcome: Outcome, sabotage?: Sabotage): Promise<Outcome> {
  const wanted = kindOf(outcome.problems[0]);
  let best = outcome;
  let worlds = 0;
  const isStillWrong = async (scenario: Scenario): Promise<boolean> => {
    if (worlds >= WORLDS_MAX) return false;
    worlds += 1;
    const attempt = await live(scenario, sabotage);
    if (kindOf(attempt.problems[0]) !== wanted) return false;
    best = attempt;
    return true;
  };
  // later troubles cannot be the cause
  const hours = Math.min(outcome.scenario.hours, Math.ceil((outcome.lastedMs / HOUR_MS) * 1000) / 1000);
  const troubles = outcome.scenario.troubles.filter(({ atMs }) => atMs <= outcome.lastedMs);
  await isStillWrong({ ...outcome.scenario, hours, troubles });
  for (let parts = 2; parts <= Math.max(2, best.scenario.troubles.length); ) {
    const reduced = await dropOnePart(best.scenario, parts, isStillWrong);
    if (reduced) parts = Math.max(2, parts - 1);
    else if (parts >= best.scenario.troubles.length || worlds >= WORLDS_MAX) break;
    else parts = Math.min(2 * parts, best.scenario.troubles.length);
  }
  for (let count = 1; count < best.scenario.subdevices.length; count *= 2) {
    if (await isStillWrong({ ...best.scenario, subdevices: best.scenario.subdevices.slice(0, count) })) break;
  }
  return best;
}

async function dropOnePart(
  scenario: Scenario,
  parts: number,
  isStillWrong: (scenario: Scenario) => Promise<boolean>,
): Promise<boolean> {
  const size = Math.ceil(scenario.troubles.length / parts);
  for (let from = 0; from < scenario.troubles.length; from += size) {
    const troubles = scenario.troubles.filter((_, index) => index < from || index >= from + size);
    if (await isStillWrong({ ...scenario, troubles })) return true;
  }
  return false;
}

export function timelineOf({ scenario, timeline }: Outcome): string {
  const { seed, hours, subdevices, troubles } = scenario;
  const protocols = subdevices.map(({ lineProtocol }) => lineProtocol?.kind ?? 'mqttsn').join(', ');
  const shown = timeline.length <= TIMELINE_MAX ? timeline : ['    …', ...timeline.slice(-TIMELINE_MAX)];
  return [
    `seed ${seed}, ${hours} h, ${subdevices.length} subdevices (${protocols}; ${subdevices.filter(({ clean }) => clean).length} clean), ${troubles.length} troubles`,
    `to keep it in seeds.json, with the defect: ${JSON.stringify(scenario)}`,
    ...shown,
  ].join('\n');
}
