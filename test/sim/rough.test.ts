/** Worlds with many troubles: no message is lost or reordered, and the ledger balances. `many-worlds.long.test.ts` runs more. */
import { it } from 'vitest';
import { expectAllHealthy } from './expect-healthy.ts';

it('10 worlds with many troubles have no problem (seeds 1 to 10)', () => expectAllHealthy(1, 10));
