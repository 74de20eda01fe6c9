/** A support archive: bounded in time and size, and complete about what is missing. */
import { unzipSync } from 'fflate';
import { expect, it } from 'vitest';
import { makeArchive, PART_LENGTH_MAX } from '../../../src/support/archive.ts';
import type { Collector } from '../../../src/support/collector.ts';

const collector = (file: string, collect: Collector['collect'], msMax = 60_000): Collector => ({
  file,
  msMax,
  collect,
});
const ignore = (): void => undefined;

it('lists parts that are missing, late, broken or shortened', async () => {
  const long = 'x'.repeat(PART_LENGTH_MAX + 5);
  const finished: string[] = [];
  const { bytes, parts } = await makeArchive(
    [
      collector('good.txt', async () => ({ kind: 'text', text: 'hello s3cr3t-value' })),
      collector('late.txt', () => new Promise(() => undefined), 10),
      collector('broken.txt', async () => Promise.reject(new Error('no s3cr3t-value'))),
      collector('long.txt', async () => ({ kind: 'text', text: `${long}end`, kept: 'end' })),
    ],
    ['s3cr3t-value'],
    (file) => finished.push(file),
  );
  const files = unzipSync(bytes);
  const textOf = (file: string): string => Buffer.from(files[file] ?? []).toString();
  expect(Object.keys(files).toSorted()).toEqual(['contents.json', 'good.txt', 'long.txt']);
  expect(textOf('good.txt')).toBe('hello (removed)');
  expect(textOf('long.txt').endsWith('end')).toBe(true);
  expect(textOf('contents.json')).toContain('no (removed)');
  expect(parts.map(({ file, leftOut, cut }) => [file, leftOut === null, cut])).toEqual([
    ['good.txt', true, 0],
    ['late.txt', false, 0],
    ['broken.txt', false, 0],
    ['long.txt', true, 8],
  ]);
  expect(finished.toSorted()).toEqual(['broken.txt', 'good.txt', 'late.txt', 'long.txt']);
});

it('has no part if nothing could be collected', async () => {
  const { bytes } = await makeArchive([], [], ignore);
  expect(Object.keys(unzipSync(bytes))).toEqual(['contents.json']);
});
