/** Expects a world without problems. Otherwise prints the problem and the timeline of the smallest world that shows it. */
import { expect } from 'vitest';
import type { ScenarioRequest } from './scenario.ts';
import { shrink, timelineOf } from './shrink.ts';
import { type Outcome, simulate } from './simulate.ts';

export async function expectHealthy(request: ScenarioRequest): Promise<Outcome> {
  const outcome = await simulate(request);
  if (outcome.problems.length > 0) expect.fail(`${outcome.problems.join('\n')}\n${timelineOf(await shrink(outcome))}`);
  return outcome;
}

/** Short worlds with many troubles, of which CI can run hundreds. */
export const ROUGH = { hours: 0.4, trouble: 12, subdevices: 3, driverMix: 'mixed' } as const;

export async function expectAllHealthy(
  firstSeed: number,
  seeds: number,
  others: Partial<ScenarioRequest> = {},
): Promise<void> {
  const startedMs = performance.now();
  let uplinks = 0;
  for (let seed = firstSeed; seed < firstSeed + seeds; seed += 1)
    uplinks += (await expectHealthy({ ...ROUGH, ...others, seed })).uplinks;
  const minutes = (performance.now() - startedMs) / 60_000;
  const pace = Math.round((seeds * ROUGH.hours) / minutes);
  process.stdout.write(`sim: ${seeds} worlds from seed ${firstSeed}, ${uplinks} uplinks, ${pace} virtual hours/min\n`);
  expect(uplinks).toBeGreaterThan(100 * seeds);
}
