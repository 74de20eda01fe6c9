/** Faults of the storage: what the first command says. The slow rows are in the long run. */

import { runFaultRows } from './faults/run-fault-rows.ts';
import { STORAGE_ROWS } from './faults/storage-rows.ts';

runFaultRows(
  STORAGE_ROWS.filter(({ isLong }) => isLong !== true),
  'first',
);
