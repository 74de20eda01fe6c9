/** File system of a few megabytes as the state directory of a gateway, which a test can fill and free again. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import koffi from 'koffi';
import { onTestFinished } from 'vitest';

const BALLAST = 'ballast';

export type FileSystem = 'tmpfs' | 'ext4';

/** Handling of the kernel's journal when a file system is shut down (linux/fs/ext4/ext4.h, EXT4_GOING_FLAGS_…). */
export type Shutdown = 'journal kept' | 'journal flushed' | 'journal lost';

/** _IOR('X', 125, __u32) */
const EXT4_IOC_SHUTDOWN = 0x8004587d;
const SHUTDOWN_FLAGS: Readonly<Record<Shutdown, number>> = {
  'journal kept': 0,
  'journal flushed': 1,
  'journal lost': 2,
};
const ioctl = koffi.load(null).func('int ioctl(int fd, unsigned long request, ...)');

/**
 * Reason why no such file system can be mounted here; `undefined`: it can. Printed: a skipped test is not a passed
 * one.
 */
export function whyNoMount(kind: FileSystem): string | undefined {
  const probe = mkdtempSync('/var/tmp/holdfast-mount-probe-');
  const path = join(probe, 'mount');
  try {
    mount(path, 1, kind);
    execFileSync('umount', [path], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    const needs = `no ${kind} can be mounted here (root, and Debian's mount and e2fsprogs): ${why}`;
    console.warn(`skipped: ${needs}`);
    return needs;
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
}

function mount(path: string, megabytes: number, kind: FileSystem, inodes?: number): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (kind === 'tmpfs') {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path], { stdio: 'pipe' });
    return;
  }
  const image = `${path}.img`;
  writeFileSync(image, '');
  truncateSync(image, megabytes * 1024 * 1024);
  execFileSync('mkfs.ext4', ['-q', '-m', '0', ...(inodes === undefined ? [] : ['-N', String(inodes)]), image], {
    stdio: 'pipe',
  });
  execFileSync('mount', ['-o', 'loop,errors=remount-ro', image, path], { stdio: 'pipe' });
}

const pauseMs = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

export class SmallDisk {
  readonly path: string;

  /** Mounts a file system of `megabytes` MB at `path` until the end of the test. */
  constructor(path: string, megabytes: number, kind: FileSystem = 'tmpfs', inodes?: number) {
    this.path = path;
    mount(path, megabytes, kind, inodes);
    onTestFinished(() => void execFileSync('umount', ['-l', path]));
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  get freeInodes(): number {
    return statfsSync(this.path).ffree;
  }

  /** Fills the file system except for the given rest. */
  fill(leaveBytes = 0): void {
    for (let count = 0; this.freeBytes > leaveBytes + 4096; count += 1) {
      const bytes = Math.min(this.freeBytes - leaveBytes, 1024 * 1024);
      try {
        writeFileSync(join(this.path, `${BALLAST}-${count}`), Buffer.alloc(bytes, 1));
      } catch {
        return; // The last write was partial.
      }
    }
  }

  free(): void {
    for (let count = 0; count < 1024; count += 1) rmSync(join(this.path, `${BALLAST}-${count}`), { force: true });
  }

  /** Remount by the kernel after an error (`errors=remount-ro`), also under a file that is open for writing. */
  remountReadOnly(): void {
    const device = execFileSync('findmnt', ['-n', '-o', 'SOURCE', this.path], { encoding: 'utf8' }).trim();
    writeFileSync(`/sys/fs/ext4/${basename(device)}/trigger_fs_error`, 'a test');
  }

  /** Remount by an administrator: only while no file is open for writing. */
  forbidWriting(): void {
    execFileSync('mount', ['-o', 'remount,ro', this.path], { stdio: 'pipe' });
  }

  allowWriting(): void {
    execFileSync('mount', ['-o', 'remount,rw', this.path], { stdio: 'pipe' });
  }

  /**
   * Simulated power cut: from this call on nothing reaches the medium any more, and every call that tries fails. ext4
   * only.
   */
  shutDown(how: Shutdown): void {
    const folder = openSync(this.path, 'r');
    try {
      const result: number = ioctl(folder, EXT4_IOC_SHUTDOWN, 'uint32_t *', [SHUTDOWN_FLAGS[how]]);
      if (result !== 0) throw new Error(`EXT4_IOC_SHUTDOWN fails with errno ${koffi.errno()}`);
    } finally {
      closeSync(folder);
    }
  }

  /** Mounts again, with its journal replayed, as a restart of the machine does: for writing, or this throws. */
  remount(): void {
    const image = `${this.path}.img`;
    execFileSync('umount', [this.path], { stdio: 'pipe' });
    // The kernel frees the loop device later than `umount` returns, and `mount` would take the same device again.
    while (execFileSync('losetup', ['--associated', image], { encoding: 'utf8' }) !== '') pauseMs(10);
    execFileSync('mount', ['-o', 'loop,rw', image, this.path], { stdio: 'pipe' });
    writeFileSync(join(this.path, BALLAST), '');
    rmSync(join(this.path, BALLAST));
  }
}
