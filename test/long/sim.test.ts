/** The same invariants as in `test/sim`, over many more worlds and over whole days. */
import { describe, it } from 'vitest';
import { expectAllHealthy, expectHealthy } from '../sim/expect-healthy.ts';

const DAYS = Array.from({ length: 30 }, (_, index) => index + 1);

describe('many virtual plants', () => {
  it('end well in bad trouble (5000 seeds)', () => expectAllHealthy(10_001, 5000));

  it.each(DAYS)('live through a bad day of eight subdevices (seed %i)', async (seed) => {
    await expectHealthy({ seed, hours: 24, trouble: 2 });
  });
});
