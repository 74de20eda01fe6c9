/** Disk under a file, from a copy of the kernel's /sys. */
import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { mediumUnder, usedLifeOf, writtenBytesOf } from '../../../src/io/storage-medium.ts';
import { withDirectory } from '../ops/api/control-rig.ts';

interface Disk {
  readonly files: Readonly<Record<string, string>>;
  readonly isPartition?: boolean;
}

/** Builds a folder like /sys in which the device of `directory` is a disk or a partition of it. */
function sysWith(directory: string, { files, isPartition = false }: Disk): string {
  const sys = join(directory, 'sys');
  const disk = join(sys, 'devices/mmc0/block/mmcblk0');
  const partition = join(disk, 'mmcblk0p2');
  mkdirSync(partition, { recursive: true });
  mkdirSync(join(disk, 'device'), { recursive: true });
  mkdirSync(join(disk, 'queue'), { recursive: true });
  writeFileSync(join(partition, 'partition'), '2\n');
  writeFileSync(join(disk, 'size'), '62333952\n');
  for (const [path, text] of Object.entries(files)) writeFileSync(join(disk, path), text);
  const { dev } = statSync(directory);
  const number = `${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`;
  mkdirSync(join(sys, 'dev/block'), { recursive: true });
  symlinkSync(isPartition ? partition : disk, join(sys, 'dev/block', number));
  return sys;
}

const STAT = '  100 0 800 5 200 0 4096 9 0 14 14\n';

it.each([false, true])('is the disk, with its size and the bytes written (partition: %s)', async (isPartition) => {
  await withDirectory(async (directory) => {
    const sys = sysWith(directory, { files: { stat: STAT, 'queue/rotational': '0\n' }, isPartition });
    const medium = mediumUnder(directory, sys);
    expect(medium).toMatchObject({ name: 'mmcblk0', sizeBytes: 62_333_952 * 512, isRotating: false });
    if (medium === undefined) throw new Error('no medium');
    expect(writtenBytesOf(medium)).toBe(4096 * 512);
    expect(usedLifeOf(medium)).toBeNull();
  });
});

it.each([
  ['0x00 0x00', null],
  ['0x01 0x01', 0.1],
  ['0x02 0x09', 0.9],
  ['0x0a 0x01', 1],
  ['0x0b 0x01', 1.1],
  ['0x0c 0x0d', null],
  ['nonsense', null],
])('reports the wear of an eMMC that says %s', async (text, used) => {
  await withDirectory(async (directory) => {
    const sys = sysWith(directory, { files: { stat: STAT, 'device/life_time': `${text}\n` } });
    const medium = mediumUnder(directory, sys);
    if (medium === undefined) throw new Error('no medium');
    expect(usedLifeOf(medium)).toBe(used);
  });
});

it('is unknown for a file system without a block device, and for a file that does not exist', async () => {
  await withDirectory(async (directory) => {
    expect(mediumUnder(directory, join(directory, 'nothing'))).toBeUndefined();
    expect(mediumUnder(join(directory, 'missing'))).toBeUndefined();
  });
});
