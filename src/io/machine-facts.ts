/** Facts of the kernel about files and this process. Only stat-like calls: the live database is never opened here. */
import { readFileSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Size of a file in bytes. 0 if the file is missing. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Free bytes of the file system that holds `path`. `null`: unknown. */
export function freeBytesAt(path: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize;
  } catch {
    return null;
  }
}

/** Bytes that a process has caused to be sent to storage (`write_bytes` of /proc/PID/io). `null`: unknown. */
export function flashBytesWritten(pid: number | 'self' = 'self'): number | null {
  try {
    const found = /^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'));
    return found === null ? null : Number(found[1]);
  } catch {
    return null;
  }
}
