/** Output into a pipe whose reader has ended, as in `holdfast … | head -1`. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { MAIN } from '../../e2e/program.ts';

/** Write end of a pipe without a reader. */
function closedPipe(): number {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-pipe-'));
  const path = join(folder, 'fifo');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, 'w');
  closeSync(reader);
  onTestFinished(() => {
    closeSync(writer);
    rmSync(folder, { recursive: true });
  });
  return writer;
}

it.each(['--help', 'config reference', 'completion bash', 'doctor --config /nowhere --json'])(
  'ends %s without an error',
  async (words) => {
    const child = spawn(process.execPath, [MAIN, ...words.split(' ')], { stdio: ['ignore', closedPipe(), 'pipe'] });
    let errors = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(errors).toBe('');
  },
);

it.each([
  ['nonsense', 64],
  ['status --config /nowhere', 78],
])('does not change the exit code of %s without a reader of its errors', async (words, code) => {
  const child = spawn(process.execPath, [MAIN, ...words.split(' ')], { stdio: ['ignore', 'ignore', closedPipe()] });
  expect(await once(child, 'close')).toEqual([code, null]);
});
