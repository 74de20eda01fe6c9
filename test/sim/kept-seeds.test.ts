/**
 * Worlds that once went wrong, shrunk, each with its story. What they found stays found: they are kept as they were
 * lived through, since another way of drawing would make other worlds of the same seeds.
 */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Scenario } from './scenario.ts';
import { live } from './simulate.ts';

interface Kept {
  readonly story: string;
  readonly scenario: Scenario;
}

const KEPT: readonly Kept[] = JSON.parse(readFileSync(new URL('./seeds.json', import.meta.url), 'utf8'));

it.each(KEPT)('$story (seed $scenario.seed)', async ({ scenario }) => {
  const { problems, uplinks, downlinks, story } = await live(scenario);
  expect(problems, story.join('\n')).toEqual([]);
  expect(uplinks + downlinks).toBeGreaterThan(0);
});
