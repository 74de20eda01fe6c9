/** Faults that `status` recognises, in another test: what `doctor` says about them. */
import { ALL_ROWS } from './faults/all-rows.ts';
import { runFaultRows } from './faults/run-fault-rows.ts';

runFaultRows(
  ALL_ROWS.filter(({ isLong, status, doctor }) => isLong !== true && status !== undefined && doctor !== undefined),
  'doctor',
);
