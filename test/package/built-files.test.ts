/** Folder of a build: files that a build has not written are found, so that they are not removed with it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { foreignFilesIn } from '../../package/built-files.ts';

function folderWith(...names: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-built-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of names) writeFileSync(join(folder, name), '');
  return folder;
}

it('a folder that does not exist, is empty, or has an earlier build, has no foreign files', () => {
  expect(foreignFilesIn('/nowhere/dist')).toEqual([]);
  expect(foreignFilesIn(folderWith())).toEqual([]);
  const built = ['deb', 'tar.xz', 'cdx.json'].map((end) => `holdfast_0.1.0_amd64.${end}`);
  const folder = folderWith('SHA256SUMS', ...built);
  mkdirSync(join(folder, 'work'));
  expect(foreignFilesIn(folder)).toEqual([]);
});

it('any other file is foreign', () => {
  expect(foreignFilesIn(folderWith('holdfast.toml', 'SHA256SUMS', '.ssh')).toSorted()).toEqual([
    '.ssh',
    'holdfast.toml',
  ]);
});
