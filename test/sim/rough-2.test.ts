/** Worlds in bad trouble, 2 of 3: no seed may lose, reorder or unbalance anything. */
import { it } from 'vitest';
import { expectAllHealthy } from './expect-healthy.ts';

it('60 worlds in trouble end well (seeds 61 to 120)', () => expectAllHealthy(61, 60), 300_000);
