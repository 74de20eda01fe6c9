/** Worlds in bad trouble, 3 of 3: no seed may lose, reorder or unbalance anything. */
import { it } from 'vitest';
import { expectAllHealthy } from './expect-healthy.ts';

it('60 worlds in trouble end well (seeds 121 to 180)', () => expectAllHealthy(121, 60), 300_000);
