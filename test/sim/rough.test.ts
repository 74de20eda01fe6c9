/** Worlds in bad trouble: no seed may lose, reorder or unbalance anything. `many-worlds.long.test.ts` tries many more. */
import { it } from 'vitest';
import { expectAllHealthy } from './expect-healthy.ts';

it('10 worlds in trouble end well (seeds 1 to 10)', () => expectAllHealthy(1, 10));
