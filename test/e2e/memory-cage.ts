/**
 * Memory cgroup, smaller than the unit allows (`systemd/holdfast.service`, MemoryMax), if this machine permits
 * one.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export const LIMIT_BYTES = 256 * 1024 * 1024;

const V1 = { root: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes' } as const;
const V2 = { root: '/sys/fs/cgroup', limit: 'memory.max' } as const;

/**
 * @returns file that adds a process to the cgroup, or `undefined` and a printed reason: then only the peak is
 * measured
 */
export function openCage(): string | undefined {
  const { root, limit } = existsSync(V1.root) ? V1 : V2;
  const path = join(root, `holdfast-test-${process.pid}-${Math.floor(performance.now())}`);
  try {
    mkdirSync(path);
    onTestFinished(() => {
      try {
        rmdirSync(path);
      } catch {
        // The last process in it has not ended completely.
      }
    });
    writeFileSync(join(path, limit), `${LIMIT_BYTES}`);
    return join(path, 'cgroup.procs');
  } catch (error) {
    console.warn(
      `no memory cgroup here, the peak is measured without one: ${error instanceof Error ? error.message : error}`,
    );
    return undefined;
  }
}

/** Largest number of bytes of the process in RAM. */
export function peakBytes(pid: number): number {
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}
