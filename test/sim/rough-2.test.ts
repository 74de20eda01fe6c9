/** Worlds in bad trouble, 2 of 3: no seed may lose, reorder or unbalance anything. */
import { it } from 'vitest';
import { expectAllWell } from './well.ts';

it('80 worlds in trouble end well (seeds 81 to 160)', () => expectAllWell(81, 80), 300_000);
