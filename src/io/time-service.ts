/**
 * systemd-timesyncd, as far as it can be seen without asking it: it touches a file whenever it has set the clock.
 */
import { statSync } from 'node:fs';
import { uptime } from 'node:os';
import type { TimeService } from '../ports.ts';

/** systemd-timesyncd.service(8), "Files". */
const SYNCHRONIZED_FILE = '/run/systemd/timesync/synchronized';

export function timesyncd(file: string = SYNCHRONIZED_FILE): TimeService {
  return {
    syncedAtMs() {
      try {
        return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
      } catch {
        return undefined; // a sandbox that hides it: then nobody says that the clock is right
      }
    },
    // CLOCK_BOOTTIME counts sleep, CLOCK_MONOTONIC does not
    sleptMs: () => uptime() * 1000 - Number(process.hrtime.bigint() / 1_000_000n),
  };
}
