/** What the kernel says about our files and ourselves. Only stat-like calls: the live database is never opened here. */
import { readFileSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Bytes of a file; 0 where there is none. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Free bytes of the file system that holds `path`; `null`: the kernel does not say. */
export function freeBytesAt(path: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize;
  } catch {
    return null;
  }
}

/** Bytes this process has caused to be sent to storage (`write_bytes` of /proc/PID/io); `null`: the kernel does not say. */
export function flashBytesWritten(pid: number | 'self' = 'self'): number | null {
  try {
    const found = /^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'));
    return found === null ? null : Number(found[1]);
  } catch {
    return null;
  }
}
