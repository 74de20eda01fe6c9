/** Worlds in bad trouble, 1 of 3: no seed may lose, reorder or unbalance anything. */
import { it } from 'vitest';
import { expectAllWell } from './well.ts';

it('80 worlds in trouble end well (seeds 1 to 80)', () => expectAllWell(1, 80), 300_000);
