/** The store of a gateway that does not run, read without changing it. Imports the store only when it comes to that. */
import type { Fault } from '../base/fault.ts';
import type { OfflineReading } from '../ops/reports/ledger-report.ts';

/**
 * @param absent what to throw where there is nothing to read either
 * @throws Fault `absent`, or what the store has to say
 */
export async function readOffline(stateDir: string, absent: Fault): Promise<OfflineReading> {
  const { readStoreOffline } = await import('../store/offline.ts');
  const reading = await readStoreOffline(stateDir);
  if (reading === undefined) throw absent;
  return reading;
}
