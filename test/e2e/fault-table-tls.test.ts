/** Faults of TLS: what the first command says. The slow rows are in the long run. */
import { runFaultRows } from './faults/run-fault-rows.ts';
import { TLS_ROWS } from './faults/tls-rows.ts';

runFaultRows(
  TLS_ROWS.filter(({ isLong }) => isLong !== true),
  'first',
);
