/** Faults of the machine, its service and the installation: what the first command says. The slow rows are in the long run. */
import { MACHINE_ROWS } from './faults/machine-rows.ts';
import { runFaultRows } from './faults/run-fault-rows.ts';

runFaultRows(
  MACHINE_ROWS.filter(({ isLong }) => isLong !== true),
  'first',
);
