/** The page of the fault table has every row, and no measured time is longer than promised. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ALL_ROWS } from './faults/all-rows.ts';

const PAGE = readFileSync(new URL('../../docs/fault-table.md', import.meta.url), 'utf8');
/** Longest time from a fault to the words about it, s. */
const SECONDS_MAX = 10;
const ROWS_MIN = 40;

it('has at least 40 faults, each with a name of its own', () => {
  expect(new Set(ALL_ROWS.map(({ name }) => name)).size).toBe(ALL_ROWS.length);
  expect(ALL_ROWS.length).toBeGreaterThanOrEqual(ROWS_MIN);
});

it.each(ALL_ROWS)('describes: $name', ({ name, status, doctor, delayedMs }) => {
  const line = PAGE.split('\n').find((one) => one.startsWith(`| ${name} | `));
  expect(line).toBeDefined();
  if (status?.condition != null) expect(line).toContain(`\`${status.condition}\``);
  if (doctor !== undefined) expect(line).toContain(`\`${doctor.finding}\` ${doctor.verdict}`);
  const seconds = Number(/ \| ([\d.]+)[^|]* \|$/.exec(line ?? '')?.[1]);
  expect(seconds).toBeLessThanOrEqual(delayedMs === undefined ? SECONDS_MAX : SECONDS_MAX + delayedMs / 1000);
});
