/** The same invariants as in `test/sim`, over many more worlds and over whole days. `npm run sim` tries as many as it is told to. */
import { describe, it } from 'vitest';
import { expectAllHealthy, expectHealthy } from './expect-healthy.ts';

const DAYS = Array.from({ length: 4 }, (_, index) => index + 1);

describe('many virtual plants', () => {
  it('end well in bad trouble (seeds 11 to 110)', () => expectAllHealthy(11, 100));

  it.each(DAYS)('live through a bad day of eight subdevices (seed %i)', async (seed) => {
    await expectHealthy({ seed, hours: 24, trouble: 2 });
  });
});
