/** A file system of a few megabytes in the place of a gateway's state directory, which a test can fill and free again. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { onTestFinished } from 'vitest';

const BALLAST = 'ballast';

/** Why no file system can be mounted here; `undefined`: one can. Printed, so that nobody takes a skipped test for a passed one. */
export function whyNoMount(): string | undefined {
  const probe = '/var/tmp/holdfast-mount-probe';
  try {
    mkdirSync(probe, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe], { stdio: 'pipe' });
    execFileSync('umount', [probe], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    const why = `no file system can be mounted here (root is needed): ${error instanceof Error ? error.message : error}`;
    console.warn(`skipped: ${why}`);
    return why;
  }
}

export type FileSystem = 'tmpfs' | 'ext4';

export class SmallDisk {
  readonly path: string;

  /** Mounts one of so many MB at `path` until the test is over. */
  constructor(path: string, megabytes: number, kind: FileSystem = 'tmpfs') {
    this.path = path;
    mkdirSync(path, { recursive: true, mode: 0o700 });
    if (kind === 'tmpfs') {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path], { stdio: 'pipe' });
    } else {
      const image = `${path}.img`;
      writeFileSync(image, '');
      execFileSync('truncate', ['-s', `${megabytes}M`, image]);
      execFileSync('mkfs.ext4', ['-q', '-m', '0', image], { stdio: 'pipe' });
      execFileSync('mount', ['-o', 'loop,errors=remount-ro', image, path], { stdio: 'pipe' });
    }
    onTestFinished(() => void execFileSync('umount', ['-l', path]));
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /** Takes everything but so much. */
  fill(leaveBytes = 0): void {
    for (let count = 0; this.freeBytes > leaveBytes + 4096; count += 1) {
      const bytes = Math.min(this.freeBytes - leaveBytes, 1024 * 1024);
      try {
        writeFileSync(join(this.path, `${BALLAST}-${count}`), Buffer.alloc(bytes, 1));
      } catch {
        return; // the last of it went in part
      }
    }
  }

  free(): void {
    for (let count = 0; count < 1024; count += 1) rmSync(join(this.path, `${BALLAST}-${count}`), { force: true });
  }

  /** As the kernel does it after an error (`errors=remount-ro`), also under a file that is open for writing. */
  remountReadOnly(): void {
    const device = execFileSync('findmnt', ['-n', '-o', 'SOURCE', this.path], { encoding: 'utf8' }).trim();
    writeFileSync(`/sys/fs/ext4/${basename(device)}/trigger_fs_error`, 'a test');
  }

  /** Anew, with its journal replayed: what a restart of the machine does. */
  remount(): void {
    execFileSync('umount', [this.path], { stdio: 'pipe' });
    execFileSync('mount', ['-o', 'loop', `${this.path}.img`, this.path], { stdio: 'pipe' });
  }
}
