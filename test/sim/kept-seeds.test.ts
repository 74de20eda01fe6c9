/** Worlds that once went wrong, each with its story. What they found stays found. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Wish } from './scenario.ts';
import { expectWell } from './well.ts';

type Kept = Wish & { readonly story: string };

const KEPT: readonly Kept[] = JSON.parse(readFileSync(new URL('./seeds.json', import.meta.url), 'utf8'));

it.each(KEPT)('seed $seed, $hours h: $story', async (wish) => {
  expect((await expectWell(wish)).uplinks).toBeGreaterThan(0);
});
