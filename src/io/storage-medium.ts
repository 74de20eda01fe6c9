/**
 * Medium under a file: its block device, its size, the sectors written to it, and the wear that it reports itself.
 *
 * Sources: the kernel's block/stat.rst (field 7: sectors written, of 512 bytes), sysfs-block (`size`, `rotational`),
 * and the attribute `life_time` of an eMMC (JESD84-B51, EXT_CSD 268 and 269: 0x01 means 0 to 10 % used, 0x0b more than
 * 100 %). SD cards, NVMe and SATA drives have no file with their wear in /sys.
 */
import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { deviceNumberOf, kernelNamesIn, kernelTextOf } from './kernel-file.ts';

const SECTOR_BYTES = 512;
/** Largest depth of stacked devices (LVM, encryption). A deeper stack is a loop. */
const DEPTH_MAX = 8;
/** Largest step of `life_time`: the estimated life is exceeded. */
const LIFE_STEP_MAX = 0x0b;

export interface StorageMedium {
  /** Name of the disk, e.g. `mmcblk0`. */
  readonly name: string;
  /** Folder of the disk in /sys. */
  readonly folder: string;
  readonly sizeBytes: number;
  /** True for a disk with rotating plates, which does not wear by writing. */
  readonly isRotating: boolean;
}

/** @returns the disk under a file; `undefined`: none is known, for example in a container or on a network */
export function mediumUnder(path: string, sys = '/sys'): StorageMedium | undefined {
  try {
    const { dev } = statSync(path);
    return diskOf(realpathSync(join(sys, 'dev/block', deviceNumberOf(dev))), 0);
  } catch {
    return undefined;
  }
}

/** Bytes written to the medium by all programs since the boot. `null`: the kernel does not report them. */
export function writtenBytesOf({ folder }: StorageMedium): number | null {
  const sectors = Number(kernelTextOf(join(folder, 'stat')).trim().split(/\s+/)[6]);
  return Number.isFinite(sectors) ? sectors * SECTOR_BYTES : null;
}

/**
 * Used life as the medium reports it, as the upper end of its step: 0.1 to 1, and 1.1 if the estimated life is
 * exceeded. `null`: the medium reports nothing.
 */
export function usedLifeOf({ folder }: StorageMedium): number | null {
  const steps = kernelTextOf(join(folder, 'device/life_time'))
    .trim()
    .split(/\s+/)
    .map((step) => Number.parseInt(step, 16))
    .filter((step) => step >= 1 && step <= LIFE_STEP_MAX);
  return steps.length === 0 ? null : Math.max(...steps) / 10;
}

function diskOf(folder: string, depth: number): StorageMedium | undefined {
  if (depth > DEPTH_MAX) return undefined;
  if (kernelTextOf(join(folder, 'partition')) !== '') return diskOf(dirname(folder), depth + 1);
  const [slave] = kernelNamesIn(join(folder, 'slaves'));
  if (slave !== undefined) return diskOf(realpathSync(join(folder, 'slaves', slave)), depth + 1);
  const sectors = Number(kernelTextOf(join(folder, 'size')));
  if (!(sectors > 0)) return undefined;
  const isRotating = kernelTextOf(join(folder, 'queue/rotational')).trim() === '1';
  return { name: basename(folder), folder, sizeBytes: sectors * SECTOR_BYTES, isRotating };
}
