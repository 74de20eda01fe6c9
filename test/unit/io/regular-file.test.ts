/**
 * Files named by a user, real ones: anything but a regular file of a reasonable size is rejected, without waiting.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readRegularFile, UnreadableFile } from '../../../src/io/regular-file.ts';

const BYTES_MAX = 1024 * 1024;

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'holdfast-file-'));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
}

it.each([
  ['an empty name', () => '', 'has an empty name'],
  ['a missing file', (place: string) => join(place, 'none'), 'does not exist'],
  ['a file below a file', () => '/dev/null/x', 'does not exist: a part of its path is no directory'],
  ['a directory', (place: string) => place, 'is a directory, not a file'],
  ['a device without an end', () => '/dev/zero', 'is a device, not a file'],
  ['a device that is empty', () => '/dev/null', 'is a device, not a file'],
  ['a FIFO', fifo, 'is a FIFO (named pipe), not a file'],
  ['a link to a FIFO', linkTo(fifo), 'is a FIFO (named pipe), not a file'],
  ['a link to itself', loop, 'is a link that leads to itself'],
  ['a file that is too large', sparse, 'is larger than 1 MiB'],
])('%s is rejected', (_, pathIn, what) => {
  const path = pathIn(folder());
  expect(() => readRegularFile(path, BYTES_MAX)).toThrow(UnreadableFile);
  expect(() => readRegularFile(path, BYTES_MAX)).toThrow(what);
});

it('a file of unknown size is read up to the limit, and no further', () => {
  expect(readRegularFile('/proc/self/status', BYTES_MAX).toString()).toMatch(/^Name:/);
  expect(() => readRegularFile('/proc/self/status', 10)).toThrow('is larger than 0 KiB');
});

it('a file of exactly the limit is read whole', () => {
  const path = join(folder(), 'file');
  const bytes = Buffer.alloc(BYTES_MAX, 'x');
  writeFileSync(path, bytes);
  expect(readRegularFile(path, BYTES_MAX).equals(bytes)).toBe(true);
});

function fifo(place: string): string {
  const path = join(place, 'fifo');
  execFileSync('mkfifo', [path]);
  return path;
}

function linkTo(make: (place: string) => string): (place: string) => string {
  return (place) => {
    const path = join(place, 'link');
    symlinkSync(make(place), path);
    return path;
  };
}

function loop(place: string): string {
  const path = join(place, 'loop');
  symlinkSync(path, path);
  return path;
}

function sparse(place: string): string {
  const path = join(place, 'sparse');
  writeFileSync(path, '');
  truncateSync(path, BYTES_MAX + 1);
  return path;
}
