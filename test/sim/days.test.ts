/** Worlds that last for days: absences longer than the hub and the gateway keep anything, clocks that are set and lost. */
import { expect, it } from 'vitest';
import { expectWell } from './well.ts';

const SEEDS = 6;

it('four slow days with long absences end well (seeds 1 to 6)', async () => {
  let shed = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1)
    shed += (await expectWell({ seed, hours: 96, trouble: 0.3, subdevices: 2, slowness: 40 })).shed;
  expect(shed).toBeGreaterThan(SEEDS);
}, 120_000);
