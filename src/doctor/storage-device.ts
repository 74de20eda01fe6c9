/**
 * State directory, its block device, and its mount.
 *
 * Sources: the kernel's sysfs-block (`write_cache`, `rotational`), proc_pid_mountinfo(5).
 */
import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { deviceNumberOf, textOf } from '../io/kernel-file.ts';
import type { DoctorInput } from './doctor-input.ts';

export const NO_FOLDER = 'The state directory is unknown, because the configuration cannot be read.';

/** State directory, or the reason why it cannot be examined. */
export async function folderOf({ places }: DoctorInput): Promise<{ readonly path: string } | { readonly why: string }> {
  const { stateDir } = places;
  if (stateDir === undefined) return { why: NO_FOLDER };
  try {
    await access(stateDir, constants.R_OK | constants.X_OK);
    return { path: stateDir };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { why: `${stateDir} does not exist yet.` };
    return { why: `This user may not read ${stateDir} (${code}): use sudo.` };
  }
}

export interface BlockDevice {
  /** Name such as `mmcblk0p2`. */
  readonly name: string;
  /** Folder of the device in /sys. */
  readonly folder: string;
  /** Kernel's `write_cache`: `write back` or `write through`; `undefined`: not reported. */
  readonly cache: string | undefined;
  readonly isRotating: boolean;
}

/** @returns `undefined` for a file system without a block device, e.g. of a container or of a network */
export async function blockDeviceOf(path: string, sys: string): Promise<BlockDevice | undefined> {
  const { dev } = await stat(path);
  const link = join(sys, 'dev/block', deviceNumberOf(dev));
  // the folder of a partition is in that of its disk, which the link alone does not show
  const folder = await realpath(link).catch(() => link);
  const name = /^DEVNAME=(.+)$/m.exec((await textOf(join(folder, 'uevent'))) ?? '')?.[1];
  if (name === undefined) return undefined;
  const queue = async (file: string): Promise<string | undefined> =>
    (await textOf(join(folder, 'queue', file))) ?? (await textOf(join(folder, '../queue', file)));
  return { name, folder, cache: await queue('write_cache'), isRotating: (await queue('rotational')) === '1' };
}

/** Options with which a file system does not wait for the medium (ext4(5), xfs(5), mount(8)). */
const UNSAFE_OPTIONS = ['nobarrier', 'barrier=0'];

/** @returns the mount option that makes a sync return before the data is on the medium; `undefined`: none */
export async function unsafeOptionOf(path: string, proc: string): Promise<string | undefined> {
  const text = (await textOf(join(proc, 'self/mountinfo'))) ?? '';
  const real = await realpath(path).catch(() => path);
  const mounts = text
    .split('\n')
    .map((line) => line.split(' - '))
    .flatMap(([own = '', rest = '']) => {
      const point = own.split(' ')[4];
      const options = `${own.split(' ')[5] ?? ''},${rest.split(' ')[2] ?? ''}`.split(',');
      return point === undefined || !`${real}/`.startsWith(point === '/' ? '/' : `${point}/`)
        ? []
        : [{ point, options }];
    });
  const mount = mounts.toSorted((one, other) => other.point.length - one.point.length)[0];
  return UNSAFE_OPTIONS.find((option) => mount?.options.includes(option));
}
