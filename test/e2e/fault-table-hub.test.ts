/** Faults of the way to the hub and of the hub: what the first command says. The slow rows are in the long run. */
import { HUB_ROWS } from './faults/hub-rows.ts';
import { PROXY_ROWS } from './faults/proxy-rows.ts';
import { runFaultRows } from './faults/run-fault-rows.ts';

runFaultRows(
  [...HUB_ROWS, ...PROXY_ROWS].filter(({ isLong }) => isLong !== true),
  'first',
);
