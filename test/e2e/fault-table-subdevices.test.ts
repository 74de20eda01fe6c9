/** Faults of the subdevices: what the first command says. The slow rows are in the long run. */

import { runFaultRows } from './faults/run-fault-rows.ts';
import { SUBDEVICE_ROWS } from './faults/subdevice-rows.ts';

runFaultRows(
  SUBDEVICE_ROWS.filter(({ isLong }) => isLong !== true),
  'first',
);
