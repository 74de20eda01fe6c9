/**
 * Shrunk worlds that once failed, each with the defect it found. They are kept as complete scenarios, since a changed
 * drawing makes other worlds of the same seeds.
 */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { drawScenario, type Scenario } from './scenario.ts';
import { live } from './simulate.ts';

interface Kept {
  readonly defect: string;
  readonly scenario: Scenario;
}

/** Keys of a world that some worlds do not have. */
const OPTIONAL: readonly string[] = ['isEchoed', 'isPaused'] satisfies (keyof Scenario)[];

const KEPT: readonly Kept[] = JSON.parse(readFileSync(new URL('./seeds.json', import.meta.url), 'utf8'));

it('kept worlds have all keys of a world, none of them under an earlier name', () => {
  const { hub, bounds, ...world } = drawScenario({ seed: 1, hours: 1, trouble: 0 });
  const drawn = Object.keys(world).filter((key) => !OPTIONAL.includes(key));
  for (const { scenario } of KEPT) {
    expect(Object.keys(scenario)).toEqual(expect.arrayContaining(drawn));
    expect(Object.keys(scenario.hub)).toEqual(expect.arrayContaining(Object.keys(hub)));
    expect(Object.keys(scenario.bounds)).toEqual(expect.arrayContaining(Object.keys(bounds)));
  }
});

it.each(KEPT)('$defect (seed $scenario.seed)', async ({ scenario }) => {
  const { problems, uplinks, downlinks, timeline } = await live(scenario);
  expect(problems, timeline.join('\n')).toEqual([]);
  expect(uplinks + downlinks).toBeGreaterThan(0);
});
