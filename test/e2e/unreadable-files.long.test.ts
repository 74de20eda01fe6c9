/**
 * Files that a command cannot read, with the real process: one error with problem, place and remedy, and no waiting.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../../src/base/fault.ts';
import { runProgram } from './program.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-files-'));
  execFileSync('mkfifo', [join(folder, 'fifo')]);
});
afterAll(() => rmSync(folder, { recursive: true }));

const NAMED = [
  ['/nope', 'does not exist'],
  ['/dev/null', 'is a device, not a file'],
  ['/dev/zero', 'is a device, not a file'],
  ['/etc', 'is a directory, not a file'],
] as const;

describe('a configuration that cannot be read', () => {
  it.each([
    ...NAMED.map(([path, what]) => ({ words: ['run', '--config', path], path, what })),
    ...NAMED.map(([path, what]) => ({ words: ['config', 'check', path], path, what })),
    ...NAMED.slice(1).map(([path, what]) => ({ words: ['status', '--config', path], path, what })),
  ])('ends $words with 78', async ({ words, path, what }) => {
    const { code, stdout, stderr } = await runProgram(...words);
    expect({ code, stdout }).toEqual({ code: EXIT.config, stdout: '' });
    const [first, second, ...others] = stderr.trimEnd().split('\n');
    expect(first).toBe(`holdfast: The configuration ${path} ${what}`);
    expect(second).toMatch(/^ {2}-> .*--config/);
    expect(others).toEqual([]);
  });

  it('is not waited for if it is a FIFO', async () => {
    const { code, stderr } = await runProgram('run', '--config', join(folder, 'fifo'));
    expect(code).toBe(EXIT.config);
    expect(stderr).toContain('is a FIFO (named pipe), not a file');
  });

  it('is reported if its name is empty', async () => {
    const { code, stderr } = await runProgram('run', '--config', '');
    expect(code).toBe(EXIT.config);
    expect(stderr).toBe(
      'holdfast: The name of the configuration file is empty\n  -> Name the file with --config, or unset HOLDFAST_CONFIG.\n',
    );
  });
});

describe('a recording that cannot be read', () => {
  it.each([
    ['/dev/zero', 'is a device, not a file'],
    ['/nope', 'does not exist'],
  ])('%s ends replay and export with 64', async (path, what) => {
    for (const words of [
      ['replay', path],
      ['export', path, '--pcapng', join(folder, 'out')],
    ]) {
      const { code, stderr } = await runProgram(...words);
      expect(code).toBe(EXIT.usage);
      expect(stderr).toContain(`The recording ${path} ${what}`);
    }
  });
});
