/** Invariants of `test/sim` over many more worlds and over whole days. `npm run sim` runs any number of worlds. */
import { describe, it } from 'vitest';
import { expectAllHealthy, expectHealthy } from './expect-healthy.ts';

const DAYS = Array.from({ length: 2 }, (_, index) => index + 1);

describe('many worlds', () => {
  it('have no problem under many troubles (seeds 11 to 27)', () => expectAllHealthy(11, 17));

  it('with shared topics have no problem under many troubles (seeds 28 to 35)', () =>
    expectAllHealthy(28, 8, { hasSharedTopics: true }));

  it.each(DAYS)('have no problem in a day of eight subdevices with many troubles (seed %i)', async (seed) => {
    await expectHealthy({ seed, hours: 24, trouble: 2 });
  });
});
