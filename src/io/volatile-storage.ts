/**
 * Detects storage that loses its content at the next power cut: a file system in RAM, an overlay that writes to one
 * (`overlayroot` of a read-only system), and a block device in RAM.
 *
 * Sources: proc(5) for /proc/self/mountinfo; the kernel's overlayfs.rst for `upperdir`; sysfs for block devices. A
 * place of unknown kind counts as durable. The overlay and the loop device of a container name a path of the host, which
 * may be another file here, or none: such a path counts only if the file that it leads to here fits.
 */
import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { kernelNamesIn, kernelTextOf } from './kernel-file.ts';

/** Mounts and devices of the machine. Replaced in tests. */
export interface MachineMounts {
  /** Text of /proc/self/mountinfo. */
  readonly mountinfo: string;
  /** Text of /proc/cmdline. */
  readonly commandLine: string;
  /** Directory of block devices; `/sys/class/block`. */
  readonly blockDevices: string;
}

interface Mount {
  readonly point: string;
  /** Folder of the file system that is mounted, e.g. that of a volume on the disk of the host. */
  readonly root: string;
  readonly type: string;
  readonly source: string;
  /** Options of the file system, e.g. `upperdir=/media/root-rw/overlay`. */
  readonly options: readonly string[];
}

const IN_RAM = new Set(['tmpfs', 'ramfs', 'devtmpfs', 'rootfs', 'hugetlbfs']);
/** File systems of the kernel that keep no files. Sources: filesystems(5) and the kernel's documentation. */
const OF_KERNEL = new Set([
  'proc',
  'sysfs',
  'cgroup',
  'cgroup2',
  'devpts',
  'debugfs',
  'tracefs',
  'securityfs',
  'configfs',
  'pstore',
  'bpf',
  'mqueue',
  'efivarfs',
  'selinuxfs',
  'binfmt_misc',
  'fusectl',
  'autofs',
  'nsfs',
  'rpc_pipefs',
]);
/** Devices of zram, and RAM disks of brd. */
const RAM_DEVICE = /^(zram|ram)\d+$/;
/** Boot options of raspi-config, overlayroot and live systems, which hide the upper directory after boot. */
const OVERLAY_IN_RAM = /(?:^|\s)(?:boot=(?:overlay|live|casper)|overlayroot=(?:tmpfs|"tmpfs))/;
/** Unit of `size` in the folder of a block device. */
const SECTOR_BYTES = 512;
/** Largest depth of nested places. A deeper nesting is a loop. */
const DEPTH_MAX = 8;

/**
 * @param path path of a file or directory, which need not exist
 * @returns the place of its bytes in RAM, for example "tmpfs on /tmp"; `undefined`: on a disk, as far as known
 */
export function volatilePlaceOf(path: string, machine: MachineMounts = thisMachine()): string | undefined {
  return placeIn(resolved(path), { machine, mounts: mountsIn(machine.mountinfo), depth: 0 });
}

/**
 * @param path as in `volatilePlaceOf`
 * @returns the file system of the kernel that holds the path, for example "proc on /proc"; `undefined`: one that keeps
 * files
 */
export function kernelPlaceOf(path: string, machine: MachineMounts = thisMachine()): string | undefined {
  const mount = mountOf(resolved(path), mountsIn(machine.mountinfo));
  return mount !== undefined && OF_KERNEL.has(mount.type) ? `${mount.type} on ${mount.point}` : undefined;
}

/** @returns the mount that holds a path; `undefined`: unknown */
export function mountUnder(
  path: string,
  machine: Pick<MachineMounts, 'mountinfo'> = thisMachine(),
): Pick<Mount, 'point' | 'root' | 'type'> | undefined {
  return mountOf(resolved(path), mountsIn(machine.mountinfo));
}

interface Search {
  readonly machine: MachineMounts;
  readonly mounts: readonly Mount[];
  readonly depth: number;
}

function placeIn(path: string, search: Search): string | undefined {
  const { mounts, machine, depth } = search;
  const mount = mountOf(path, mounts);
  if (mount === undefined || depth > DEPTH_MAX) return undefined;
  const { type, point, source } = mount;
  if (IN_RAM.has(type)) return `${type} on ${point}`;
  const deeper = { ...search, depth: depth + 1 };
  if (type === 'overlay' || type === 'overlayfs') {
    const upper = mount.options.find((option) => option.startsWith('upperdir='))?.slice('upperdir='.length);
    const isSeen = upper !== undefined && mountOf(upper, mounts) !== mount && isFolder(upper);
    const below = isSeen ? placeIn(upper, deeper) : undefined;
    if (below !== undefined) return `overlay on ${point}, which writes to ${below}`;
    const isHidden = OVERLAY_IN_RAM.test(machine.commandLine);
    return isHidden ? `overlay on ${point}, which writes to RAM (see /proc/cmdline)` : undefined;
  }
  const device = source.startsWith('/dev/') ? ramDeviceOf(basename(resolved(source)), deeper) : undefined;
  return device === undefined ? undefined : `${type} on ${point}, on ${device}`;
}

/** @returns the RAM device behind a block device: itself, the file of a loop device, or the device that it maps to */
function ramDeviceOf(name: string, search: Search): string | undefined {
  if (RAM_DEVICE.test(name)) return `/dev/${name}`;
  if (search.depth > DEPTH_MAX) return undefined;
  const folder = join(search.machine.blockDevices, name);
  const deeper = { ...search, depth: search.depth + 1 };
  const backing = kernelTextOf(join(folder, 'loop', 'backing_file')).trim();
  if (backing.startsWith('/')) return hasFileOf(folder, backing) ? placeIn(backing, deeper) : undefined;
  for (const slave of kernelNamesIn(join(folder, 'slaves'))) {
    const found = ramDeviceOf(slave, deeper);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * True if the file is the one of a loop device, as far as its size shows. The path is that of the mount namespace in
 * which the device was set up. @param folder of the loop device in /sys
 */
function hasFileOf(folder: string, backing: string): boolean {
  const numberIn = (file: string): number => Number(kernelTextOf(join(folder, file)));
  try {
    const found = statSync(backing);
    const free = found.size - numberIn('loop/offset');
    const limit = numberIn('loop/sizelimit');
    const bytes = limit > 0 ? Math.min(limit, free) : free;
    return found.isFile() && Math.floor(bytes / SECTOR_BYTES) === numberIn('size');
  } catch {
    return false;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/**
 * Returns the mount of a path: the one with the longest mount point, and the later of two with the same mount point.
 */
function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  let found: Mount | undefined;
  for (const mount of mounts)
    if (isWithin(path, mount.point) && mount.point.length >= (found?.point.length ?? 0)) found = mount;
  return found;
}

function isWithin(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}

function mountsIn(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [own = '', ofFileSystem = ''] = line.split(' - ');
    const [, , , root = '', point] = own.split(' ');
    const [type, source = '', options = ''] = ofFileSystem.split(' ');
    if (point === undefined || type === undefined || type === '') return [];
    return [
      {
        point: unescaped(point),
        root: unescaped(root),
        type,
        source: unescaped(source),
        options: unescaped(options).split(','),
      },
    ];
  });
}

/** Decodes blank, tab, newline and backslash, which are octal in mountinfo. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Resolves symbolic links in the existing part of a path. */
function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path === dirname(path) ? path : join(resolved(dirname(path)), basename(path));
  }
}

function thisMachine(): MachineMounts {
  return {
    mountinfo: kernelTextOf('/proc/self/mountinfo'),
    commandLine: kernelTextOf('/proc/cmdline'),
    blockDevices: '/sys/class/block',
  };
}
