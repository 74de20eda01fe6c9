/** All rows of the fault table, in the order of the page. */
import type { FaultRow } from './fault-row.ts';
import { HUB_ROWS } from './hub-rows.ts';
import { MACHINE_ROWS } from './machine-rows.ts';
import { NETWORK_ROWS } from './network-rows.ts';
import { PORT_ROWS } from './port-rows.ts';
import { PROXY_ROWS } from './proxy-rows.ts';
import { SERVICE_ROWS } from './service-rows.ts';
import { STORAGE_ROWS } from './storage-rows.ts';
import { SUBDEVICE_ROWS } from './subdevice-rows.ts';
import { TLS_ROWS } from './tls-rows.ts';

export const ALL_ROWS: readonly FaultRow[] = [
  ...HUB_ROWS,
  ...PROXY_ROWS,
  ...TLS_ROWS,
  ...STORAGE_ROWS,
  ...PORT_ROWS,
  ...NETWORK_ROWS,
  ...SUBDEVICE_ROWS,
  ...MACHINE_ROWS,
  ...SERVICE_ROWS,
];
