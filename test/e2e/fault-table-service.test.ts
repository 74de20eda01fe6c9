/** Faults of the service itself: what the first command says. */
import { runFaultRows } from './faults/run-fault-rows.ts';
import { SERVICE_ROWS } from './faults/service-rows.ts';

runFaultRows(SERVICE_ROWS, 'first');
