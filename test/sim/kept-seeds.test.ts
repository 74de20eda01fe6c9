/**
 * Shrunk worlds that once failed, each with the defect it found. They are kept as complete scenarios, since a changed
 * drawing makes other worlds of the same seeds.
 */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Scenario } from './scenario.ts';
import { live } from './simulate.ts';

interface Kept {
  readonly defect: string;
  readonly scenario: Scenario;
}

const KEPT: readonly Kept[] = JSON.parse(readFileSync(new URL('./seeds.json', import.meta.url), 'utf8'));

it.each(KEPT)('$defect (seed $scenario.seed)', async ({ scenario }) => {
  const { problems, uplinks, downlinks, timeline } = await live(scenario);
  expect(problems, timeline.join('\n')).toEqual([]);
  expect(uplinks + downlinks).toBeGreaterThan(0);
});
