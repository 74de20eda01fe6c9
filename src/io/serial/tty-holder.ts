/**
 * Programs that hold a tty. "Port is locked" is a common field problem, and the program's name is the key to its
 * solution.
 *
 * Two sources are read, because each shows what the other cannot. `/proc/locks` names the owner of the lock, whichever
 * user runs it. `/proc/<pid>/fd` names programs that hold the port without a lock, as far as this user may read it.
 * Never rejects.
 */
import { readdir, readFile, readlink, realpath, stat } from 'node:fs/promises';

/** Largest number of names in a message. */
const HOLDERS_MAX = 5;

/** Returns names such as `["minicom (process 812)"]`. Empty: no program was found. */
export async function nameHolders(path: string): Promise<string[]> {
  const lockOwners = await findLockOwners(path);
  const pids = lockOwners.length > 0 ? lockOwners : await findOpeners(path);
  return Promise.all([...new Set(pids)].slice(0, HOLDERS_MAX).map(nameProcess));
}

/** Lines of /proc/locks read `1: FLOCK ADVISORY WRITE <pid> <major>:<minor>:<inode> 0 EOF`, device numbers in hex. */
async function findLockOwners(path: string): Promise<number[]> {
  try {
    const { ino } = await stat(path);
    const lines = (await readFile('/proc/locks', 'utf8')).split('\n');
    const owners = lines.map((line) => /FLOCK\s+ADVISORY\s+WRITE\s+(\d+)\s+\S+:\S+:(\d+)\s/.exec(line));
    const pids = owners.filter((owner) => owner?.[2] === String(ino)).map((owner) => Number(owner?.[1]));
    const openers = pids.length > 1 ? new Set(await findOpeners(path)) : undefined;
    return openers === undefined ? pids : pids.filter((pid) => openers.has(pid));
  } catch {
    return [];
  }
}

async function findOpeners(path: string): Promise<number[]> {
  try {
    const device = await realpath(path);
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
    const held = await Promise.all(pids.map((pid) => holdsOpen(pid, device)));
    return pids.filter((_, index) => held[index]);
  } catch {
    return [];
  }
}

async function holdsOpen(pid: number, device: string): Promise<boolean> {
  try {
    const directory = `/proc/${pid}/fd`;
    for (const fd of await readdir(directory)) {
      const target = await readlink(`${directory}/${fd}`).catch(() => '');
      if (target === device) return true;
    }
    return false;
  } catch {
    return false;
  }
}

async function nameProcess(pid: number): Promise<string> {
  if (pid === process.pid) return `this gateway itself (process ${pid})`;
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
  return name === '' ? `process ${pid}` : `${name.trim()} (process ${pid})`;
}
