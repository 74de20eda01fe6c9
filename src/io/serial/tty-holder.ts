/**
 * Who holds this tty? "Port is locked" is the commonest complaint from the field; the name of the program is its cure.
 *
 * Two sources, since each sees what the other cannot: `/proc/locks` names the owner of the lock whoever runs it, and
 * `/proc/<pid>/fd` names programs that hold the port without a lock, as far as this user may look. Never throws.
 */
import { readdirSync, realpathSync } from 'node:fs';
import { holdsOpen, lockOwnersOf } from '../lock-owners.ts';
import { processWords } from '../program-name.ts';

/** More names than this help nobody. */
const HOLDERS_MAX = 5;

/** E.g. `["minicom (process 812)"]`; empty when nobody can be named. */
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
