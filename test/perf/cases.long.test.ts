/** Each case of the bench runs once in its smallest form, for the product and for the yardsticks. No time is judged. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isAvailable, type RunSettings } from './cases/bench-case.ts';
import { cases } from './cases/cases.ts';
import { warmCache } from './warm-cache.ts';

const STATE_ROOT = '/var/tmp';
const folder = mkdtempSync(join(STATE_ROOT, 'holdfast-cases-'));
const cacheFolder = process.env.NODE_COMPILE_CACHE ?? folder;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const settings: RunSettings = {
  stateRoot: STATE_ROOT,
  cacheFolder,
  seconds: 0.2,
  warmUp: 20,
  isQuick: true,
  isFull: false,
  remark: (text) => console.warn(text),
};
/** The yardsticks are run in one case: what the others add is time. */
const WITH_YARDSTICKS = 'near';
const runs = cases
  .filter(({ isOnRequest }) => isOnRequest !== true)
  .flatMap((bench) => {
    const subjects = bench.name === WITH_YARDSTICKS ? bench.subjects : bench.subjects.slice(0, 1);
    return subjects.map((subject) => ({ name: bench.name, subject, bench }));
  });

describe('the bench', () => {
  it('warms the compile cache', async () => {
    await warmCache(STATE_ROOT, cacheFolder);
  });

  it.each(runs)('measures $name of $subject', async ({ bench, subject, name }) => {
    if (!isAvailable(subject)) return console.warn(`skipped: ${subject} is not installed`);
    const figures = await bench.run(settings, subject);
    const names = figures.map((figure) => figure.name);
    expect(new Set(names).size).toBe(names.length);
    if (name !== 'card') expect(figures.length).toBeGreaterThan(0);
    expect(figures.filter(({ value }) => value < 0)).toEqual([]);
  });
});
