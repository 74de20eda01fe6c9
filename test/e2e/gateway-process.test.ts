/** A gateway of a test ends with the process that started it, so that it opens no port of a later test. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { openTestbed } from './testbed.ts';
import { until } from './until.ts';

const STARTER = fileURLToPath(new URL('./gateway-starter.ts', import.meta.url));

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

it('a gateway lives as long as its starter, and is gone when that was killed', async () => {
  const testbed = await openTestbed();
  const starter = spawn(process.execPath, [STARTER, testbed.configPath, testbed.socketPath], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void starter.kill('SIGKILL'));
  const [printed] = await once(starter.stdout, 'data');
  const pid = Number(String(printed));
  expect([pid > 1, isRunning(pid)]).toEqual([true, true]);
  starter.kill('SIGKILL');
  await until(() => !isRunning(pid));
});
