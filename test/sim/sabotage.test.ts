/** Negative controls of the simulation: a gateway with a planted bug must be detected. */
import { describe, expect, it } from 'vitest';
import { IS_LONG_RUN } from '../long-run.ts';
import { PLANTED_BUGS } from './sabotage.ts';
import { PLANTED_IN_DRIVERS } from './sabotage-drivers.ts';
import { PLANTED_IN_ENVELOPES } from './sabotage-envelopes.ts';
import { PLANTED_IN_FIRMWARE } from './sabotage-firmware.ts';
import { PLANTED_IN_HOLDS } from './sabotage-holds.ts';
import { PLANTED_LIMITS } from './sabotage-limits.ts';
import { PLANTED_IN_SHARED_TOPICS } from './sabotage-shared-topics.ts';
import { PLANTED_IN_TCP } from './sabotage-tcp.ts';
import { kindOf, shrink, timelineOf } from './shrink.ts';
import { simulate } from './simulate.ts';

/** Worlds within which a bug must be detected. The unchanged gateway has no problem in them. */
const SEEDS = Array.from({ length: 40 }, (_, index) => index + 1);
/** Every Nth planted bug is tested. */
const STRIDE = IS_LONG_RUN ? 1 : 7;
const REQUEST = { hours: 0.4, trouble: 12, subdevices: 3 };

describe('a gateway with a planted bug', () => {
  const all = [
    ...PLANTED_BUGS,
    ...PLANTED_LIMITS,
    ...PLANTED_IN_DRIVERS,
    ...PLANTED_IN_HOLDS,
    ...PLANTED_IN_ENVELOPES,
    ...PLANTED_IN_FIRMWARE,
    ...PLANTED_IN_SHARED_TOPICS,
    ...PLANTED_IN_TCP,
  ];
  it.each(all.filter((_, index) => index % STRIDE === 0))(
    'is detected: $name',
    async ({ name, complaint, driverMix, hasSharedTopics, world = 1, ...sabotage }) => {
      for (const seed of new Set([world, ...SEEDS])) {
        const { problems } = await simulate({ ...REQUEST, driverMix, hasSharedTopics, seed }, sabotage);
        if (problems.length === 0) continue;
        expect(problems[0]).toMatch(complaint);
        process.stdout.write(`planted: ${name}: detected with seed ${seed}: ${problems[0]}\n`);
        return;
      }
      expect.fail(`${SEEDS.length} worlds without a problem`);
    },
  );

  it('is reported in a few lines: the failing world shrinks to the necessary troubles', async () => {
    const sabotage = PLANTED_BUGS.find(({ name }) => name === 'PUBACK out of order') ?? {};
    let outcome = await simulate({ ...REQUEST, seed: 1 }, sabotage);
    for (let seed = 2; outcome.problems.length === 0; seed += 1)
      outcome = await simulate({ ...REQUEST, seed }, sabotage);
    const small = await shrink(outcome, sabotage);
    expect(kindOf(small.problems[0])).toBe(kindOf(outcome.problems[0]));
    expect(small.scenario.troubles.length).toBeLessThan(outcome.scenario.troubles.length / 2);
    expect(timelineOf(small).split('\n').at(-1)).toMatch(/s {2}WRONG: PUBACK \d+ before/);
  });
});
