/** Worlds of several days: absences longer than any storage time, and clocks that are set and lost. */
import { expect, it } from 'vitest';
import { IS_LONG_RUN } from '../long-run.ts';
import { expectHealthy } from './expect-healthy.ts';
import { HOUR_MS } from './scenario.ts';

const WORLDS = [
  { seed: 12, away: 'hubAwayDays' },
  { seed: 33, away: 'subdeviceAwayDays' },
];

it.each(IS_LONG_RUN ? WORLDS : WORLDS.slice(0, 1))(
  'four slow days with $away for more than 24 h have no problem (seed $seed)',
  async ({ seed, away }) => {
    const outcome = await expectHealthy({ seed, hours: 96, trouble: 0.3, subdevices: 2, slowness: 40 });
    const absence = outcome.scenario.troubles.find(({ kind, ms }) => kind === away && ms > 24 * HOUR_MS);
    expect(absence, 'the drawing of worlds has changed: choose another seed').toBeDefined();
    expect(outcome.shed).toBeGreaterThan(0);
  },
);
