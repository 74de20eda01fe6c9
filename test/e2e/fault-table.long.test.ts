/** Faults that take several seconds or need special rights: what `status` and `doctor` say. */
import { ALL_ROWS } from './faults/all-rows.ts';
import { runFaultRows } from './faults/run-fault-rows.ts';

runFaultRows(
  ALL_ROWS.filter(({ isLong }) => isLong === true),
  'both',
);
