/** Worlds in bad trouble, 3 of 3: no seed may lose, reorder or unbalance anything. */
import { it } from 'vitest';
import { expectAllWell } from './well.ts';

it('80 worlds in trouble end well (seeds 161 to 240)', () => expectAllWell(161, 80), 300_000);
