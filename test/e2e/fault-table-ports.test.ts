/** Faults of the serial ports and lines: what the first command says. The slow rows are in the long run. */
import { PORT_ROWS } from './faults/port-rows.ts';
import { runFaultRows } from './faults/run-fault-rows.ts';

runFaultRows(
  PORT_ROWS.filter(({ isLong }) => isLong !== true),
  'first',
);
