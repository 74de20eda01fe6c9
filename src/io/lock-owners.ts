/** Processes of all users that hold a lock on a file or a device, from /proc/locks. Source: proc(5). */
import { readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';

/**
 * Reads the processes that hold a lock on the file. Format of the lines of /proc/locks: `1: FLOCK ADVISORY WRITE <pid>
 * <major>:<minor>:<inode> 0 EOF`, device numbers in hex. SQLite uses POSIX locks, programs on serial ports use FLOCK.
 * @returns process ids; empty if none is known. Never throws.
 */
export function lockOwnersOf(path: string): number[] {
  try {
    const inode = String(statSync(path).ino);
    const lines = readFileSync('/proc/locks', 'utf8').split('\n');
    const owners = lines.map((line) => /\s(?:FLOCK|POSIX)\s+ADVISORY\s+\S+\s+(\d+)\s+\S+:\S+:(\d+)\s/.exec(line));
    const pids = new Set(owners.filter((owner) => owner?.[2] === inode).map((owner) => Number(owner?.[1])));
    pids.delete(0); // process of another namespace
    if (pids.size < 2) return [...pids];
    // a file of another file system may have the same inode number
    const real = realpathSync(path);
    return [...pids].filter((pid) => holdsOpen(pid, real));
  } catch {
    return [];
  }
}

/** True if the process has the file open. @param path path without symbolic links */
export function holdsOpen(pid: number, path: string): boolean {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).some((fd) => targetOf(`${folder}/${fd}`) === path);
  } catch {
    return false;
  }
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}
