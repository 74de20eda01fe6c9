/** Worlds in bad trouble, 2 of 3: no seed may lose, reorder or unbalance anything. */
import { it } from 'vitest';
import { expectAllWell } from './expect-healthy.ts';

it('60 worlds in trouble end well (seeds 61 to 120)', () => expectAllWell(61, 60), 300_000);
