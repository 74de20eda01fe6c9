/** Faults of the serial ports and lines: what the first command says. The slow rows are in the long run. */
import { NETWORK_ROWS } from './faults/network-rows.ts';
import { PORT_ROWS } from './faults/port-rows.ts';
import { runFaultRows } from './faults/run-fault-rows.ts';

runFaultRows(
  [...PORT_ROWS, ...NETWORK_ROWS].filter(({ isLong }) => isLong !== true),
  'first',
);
