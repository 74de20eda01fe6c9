/**
 * Programs that hold a tty. "Port is locked" is a common field problem, and the program's name is the key to its
 * solution.
 *
 * Two sources are read, because each shows what the other cannot. `/proc/locks` names the owner of the lock, whichever
 * user runs it. `/proc/<pid>/fd` names programs that hold the port without a lock, as far as this user may read it.
 * Never throws.
 */
import { readdirSync, realpathSync } from 'node:fs';
import { holdsOpen, lockOwnersOf } from '../lock-owners.ts';
import { processWords } from '../program-name.ts';

/** Largest number of names in a message. */
const HOLDERS_MAX = 5;

/** Returns names such as `["minicom (process 812)"]`. Empty: no program was found. */
export function nameHolders(path: string): string[] {
  const lockOwners = lockOwnersOf(path);
  const pids = lockOwners.length > 0 ? lockOwners : openersOf(path);
  return pids.slice(0, HOLDERS_MAX).map(nameProcess);
}

function openersOf(path: string): number[] {
  try {
    const device = realpathSync(path);
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return pids.map(Number).filter((pid) => holdsOpen(pid, device));
  } catch {
    return [];
  }
}

function nameProcess(pid: number): string {
  return pid === process.pid ? `this gateway itself (process ${pid})` : processWords(pid);
}
