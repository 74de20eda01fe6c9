/** Worlds in bad trouble, 1 of 3: no seed may lose, reorder or unbalance anything. */
import { it } from 'vitest';
import { expectAllHealthy } from './expect-healthy.ts';

it('60 worlds in trouble end well (seeds 1 to 60)', () => expectAllHealthy(1, 60), 300_000);
