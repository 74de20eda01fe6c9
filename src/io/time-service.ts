/**
 * Observes systemd-timesyncd without a request: the service touches a file whenever it has set the clock.
 */
import { statSync } from 'node:fs';
import { uptime } from 'node:os';
import type { TimeService } from '../ports.ts';

/** File that systemd-timesyncd touches. Source: systemd-timesyncd.service(8), "Files". */
const SYNCHRONIZED_FILE = '/run/systemd/timesync/synchronized';

export function timesyncd(file: string = SYNCHRONIZED_FILE): TimeService {
  return {
    syncedAtMs() {
      try {
        return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
      } catch {
        return undefined; // hidden by a sandbox: the clock is not known to be correct
      }
    },
    // CLOCK_BOOTTIME counts sleep, CLOCK_MONOTONIC does not
    sleptMs: () => uptime() * 1000 - Number(process.hrtime.bigint() / 1_000_000n),
  };
}
