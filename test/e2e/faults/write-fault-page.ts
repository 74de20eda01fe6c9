/** Writes `docs/fault-table.md` from the results that a run of the tests has written into a folder. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ALL_ROWS } from './all-rows.ts';
import { faultPage } from './fault-page.ts';
import type { FaultResult } from './run-fault-rows.ts';

const folder = process.argv[2] ?? '';
const results = new Map(
  readdirSync(folder).map((name) => {
    const result = JSON.parse(readFileSync(join(folder, name), 'utf8')) as FaultResult;
    return [result.name, result] as const;
  }),
);
writeFileSync(new URL('../../../docs/fault-table.md', import.meta.url), faultPage(ALL_ROWS, results));
