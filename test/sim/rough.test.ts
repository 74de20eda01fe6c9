/** Worlds with many troubles: no message is lost or reordered, and the ledger balances. `many-worlds.long.test.ts` runs more. */
import { it } from 'vitest';
import { expectAllHealthy } from './expect-healthy.ts';

it('7 worlds with many troubles have no problem (seeds 1 to 7)', () => expectAllHealthy(1, 7));

it('3 worlds with shared topics and many troubles have no problem (seeds 8 to 10)', () =>
  expectAllHealthy(8, 3, { hasSharedTopics: true }));
