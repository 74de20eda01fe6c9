/** Location of the bytes of a path: on a disk, or in RAM behind a mount, an overlay or a block device. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { volatilePlaceOf } from '../../../src/io/volatile-storage.ts';

const DISK = '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw';

function placeOf(
  path: string,
  mounts: readonly string[],
  commandLine = '',
  blockDevices = '/none',
): string | undefined {
  return volatilePlaceOf(path, { mountinfo: mounts.join('\n'), commandLine, blockDevices });
}

it.each([
  ['ext4 on the root', '/nowhere/state', [DISK], undefined],
  ['tmpfs', '/nowhere/state', [DISK, '30 27 0:9 / /nowhere rw shared:1 - tmpfs tmpfs rw,size=9k'], 'tmpfs on /nowhere'],
  ['ramfs', '/nowhere/state', [DISK, '30 27 0:9 / /nowhere rw - ramfs none rw'], 'ramfs on /nowhere'],
  [
    'a disk mounted over a tmpfs',
    '/nowhere/s',
    [DISK, '30 27 0:9 / /nowhere rw - tmpfs t rw', DISK.replace(' / / ', ' / /nowhere ')],
    undefined,
  ],
  [
    'a folder whose name begins as a tmpfs does',
    '/nowhere2/s',
    [DISK, '30 27 0:9 / /nowhere rw - tmpfs t rw'],
    undefined,
  ],
  [
    'a mount point with a blank',
    '/no where/s',
    [DISK, '30 27 0:9 / /no\\040where rw - tmpfs t rw'],
    'tmpfs on /no where',
  ],
  [
    'a disk beside an overlay over tmpfs',
    '/nowhere/s',
    [
      '20 1 0:1 / / rw - overlay o rw,upperdir=/rw/o',
      '21 20 0:2 / /rw rw - tmpfs t rw',
      DISK.replace(' / / ', ' / /nowhere '),
    ],
    undefined,
  ],
  [
    'an overlay over a disk',
    '/nowhere/s',
    [DISK, '30 27 0:9 / /nowhere rw - overlay o rw,upperdir=/up,workdir=/w'],
    undefined,
  ],
  [
    'an overlay of a container',
    '/nowhere/s',
    ['20 1 0:1 / / rw - overlay overlay rw,upperdir=/var/lib/docker/1/diff'],
    undefined,
  ],
  [
    'a compressed RAM disk',
    '/nowhere/s',
    [DISK, '30 27 252:0 / /nowhere rw - ext4 /dev/zram0 rw'],
    'ext4 on /nowhere, on /dev/zram0',
  ],
])('%s', (_what, path, mounts, place) => {
  expect(placeOf(path, mounts)).toBe(place);
});

it('an overlay that hides its upper folder is recognised by the boot options', () => {
  const mounts = ['20 1 0:1 / / rw - overlay overlay rw,lowerdir=/lower,upperdir=/overlay/upper'];
  expect(placeOf('/nowhere/s', mounts, 'root=/dev/mmcblk0p2 boot=overlay quiet')).toContain('overlay on /');
  expect(placeOf('/nowhere/s', mounts, 'root=/dev/mmcblk0p2 quiet')).toBeUndefined();
});

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

it('an overlay is at the location of its upper folder, if that folder is in this mount namespace', () => {
  const ram = temporaryFolder();
  const mounts = (upper: string): string[] => [
    `20 1 0:1 / / rw - overlay overlayroot rw,lowerdir=/media/root-ro,upperdir=${upper},workdir=/media/root-rw/w`,
    `21 20 0:2 / ${ram} rw - tmpfs tmpfs-root rw`,
  ];
  expect(placeOf('/nowhere/s', mounts(ram))).toBe(`overlay on /, which writes to tmpfs on ${ram}`);
  // the path of the host of a container, on which the container has mounted a tmpfs of its own
  expect(placeOf('/nowhere/s', mounts(join(ram, 'docker/1/diff')))).toBeUndefined();
});

/** Folder of block devices with one loop device of two sectors, whose file begins at the second sector. */
function loopOn(backing: string): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'loop7', 'loop'), { recursive: true });
  for (const [file, text] of [
    ['loop/backing_file', backing],
    ['loop/offset', '512'],
    ['loop/sizelimit', '0'],
    ['size', '2'],
  ] as const)
    writeFileSync(join(folder, 'loop7', file), `${text}\n`);
  return folder;
}

it('a loop device is at the location of its file', () => {
  const ram = temporaryFolder();
  const image = join(ram, 'image');
  writeFileSync(image, Buffer.alloc(3 * 512));
  const mounts = [DISK, '30 27 7:7 / /nowhere rw - ext4 /dev/loop7 rw', `31 27 0:9 / ${ram} rw - tmpfs t rw`];
  expect(placeOf('/nowhere/s', mounts, '', loopOn(image))).toBe(`ext4 on /nowhere, on tmpfs on ${ram}`);
});

it('a loop device whose file is in another mount namespace counts as a disk', () => {
  const ram = temporaryFolder();
  const mounts = [DISK, '30 27 7:7 / /nowhere rw - ext4 /dev/loop7 rw', `31 27 0:9 / ${ram} rw - tmpfs t rw`];
  expect(placeOf('/nowhere/s', mounts, '', loopOn(join(ram, 'none')))).toBeUndefined();
  // another file at the same path
  writeFileSync(join(ram, 'image'), Buffer.alloc(5 * 512));
  expect(placeOf('/nowhere/s', mounts, '', loopOn(join(ram, 'image')))).toBeUndefined();
  expect(placeOf('/nowhere/s', mounts, '', loopOn(ram))).toBeUndefined();
});
