/** Real processes by the names that operators know, not by the name of a thread or of an interpreter. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { processWords, programName } from '../../../src/io/program-name.ts';

async function started(file: string, ...words: string[]): Promise<number> {
  const child: ChildProcess = spawn(file, words, { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return child.pid ?? 0;
}

it('a script of Node has its own name', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-name-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const script = join(folder, 'logger.mjs');
  writeFileSync(script, 'console.log("up"); setInterval(() => {}, 1000);');
  const pid = await started(process.execPath, '--no-warnings', script);
  expect(processWords(pid)).toBe(`logger.mjs (process ${pid})`);
});

it('holdfast has its own name, however it was started', async () => {
  const pid = await started(process.execPath, 'src/main.ts', 'bench-hub', '--port', '0');
  expect(programName(pid)).toBe('holdfast');
});

it('a program has its name, an interpreter without a script its own name', async () => {
  const sleeper = await started('sh', '-c', 'echo up; exec sleep 1000');
  await expect.poll(() => programName(sleeper)).toBe('sleep');
  const node = await started(process.execPath, '-e', 'console.log("up"); setInterval(() => {}, 1000)');
  expect(programName(node)).not.toBe('MainThread');
});

it('a process that has ended has no name', () => {
  expect(programName(4_194_305)).toBeUndefined();
  expect(processWords(4_194_305)).toBe('process 4194305');
});
