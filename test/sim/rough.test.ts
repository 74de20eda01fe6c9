/** Worlds in bad trouble: no seed may lose, reorder or unbalance anything. `many-worlds.long.test.ts` tries many more. */
import { it } from 'vitest';
import { expectAllHealthy } from './expect-healthy.ts';

it('30 worlds in trouble end well (seeds 1 to 30)', () => expectAllHealthy(1, 30));
