/**
 * The page of the fault table has every row as the tests demand it, and no measured time is longer than promised. With
 * `FAULT_RESULTS=FOLDER` the page is first written, with the times in that folder and the other times as before.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ALL_ROWS } from './faults/all-rows.ts';
import { faultLine, faultPage } from './faults/fault-page.ts';
import type { FaultResult } from './faults/run-fault-rows.ts';

const PATH = new URL('../../docs/fault-table.md', import.meta.url);
const RESULTS = process.env.FAULT_RESULTS;
if (RESULTS !== undefined) {
  const times = new Map([...timesIn(readFileSync(PATH, { encoding: 'utf8', flag: 'a+' })), ...measuredIn(RESULTS)]);
  writeFileSync(PATH, faultPage(ALL_ROWS, times));
}
const PAGE = readFileSync(PATH, 'utf8');
/** Longest time from a fault to the words about it, s. */
const SECONDS_MAX = 10;
const ROWS_MIN = 40;

it('has at least 40 faults, each with a name of its own', () => {
  expect(new Set(ALL_ROWS.map(({ name }) => name)).size).toBe(ALL_ROWS.length);
  expect(ALL_ROWS.length).toBeGreaterThanOrEqual(ROWS_MIN);
});

it.each(ALL_ROWS)('describes: $name', (row) => {
  const seconds = timesIn(PAGE).get(row.name) ?? '';
  expect(PAGE.split('\n')).toContain(faultLine(row, seconds));
  const limit = (row.delayedMs ?? 0) / 1000;
  expect(Number(seconds)).toBeLessThanOrEqual(SECONDS_MAX + limit);
});

/** Times of a page by the names of the rows. */
function timesIn(page: string): Map<string, string> {
  const lines = page.split('\n').map((line) => /^\| (.+?) \| .* \| ([\d.]+)(?:, and a limit of \d+)? \|$/.exec(line));
  return new Map(lines.flatMap((found) => (found === null ? [] : [[found[1] ?? '', found[2] ?? ''] as const])));
}

function measuredIn(folder: string): Map<string, string> {
  const results = readdirSync(folder).map(
    (name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as FaultResult,
  );
  return new Map(
    results
      .map(({ name, status, doctor }) => [name, ((status ?? doctor)?.ms ?? 0) / 1000] as const)
      .map(([name, s]) => [name, s.toFixed(1)]),
  );
}
