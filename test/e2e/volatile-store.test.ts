/** A state directory in RAM, with the real process: rejected, or reported first if the configuration accepts it. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { volatilePlaceOf } from '../../src/io/volatile-storage.ts';
import { runProgram } from './program.ts';
import { openTestbed } from './testbed.ts';

const MEMORY = '/dev/shm';

function isMemory(): boolean {
  return existsSync(MEMORY) && volatilePlaceOf(MEMORY) !== undefined;
}

it.skipIf(!isMemory())('a store in RAM is rejected with 78, or reported first', async () => {
  const memory = mkdtempSync(join(MEMORY, 'holdfast-'));
  onTestFinished(() => rmSync(memory, { recursive: true, force: true }));
  const stateDir = join(memory, 'state');
  const testbed = await openTestbed({ config: { gateway: { state_dir: stateDir, allow_volatile_store: false } } });
  const refused = await runProgram('run', '--config', testbed.configPath);
  expect(refused).toMatchObject({
    code: 78,
    stderr: expect.stringContaining(`${stateDir} is in RAM (tmpfs on /dev/shm)`),
  });
  expect(refused.stderr).toContain('allow_volatile_store = true');
  expect(existsSync(stateDir)).toBe(false);

  const refusing = readFileSync(testbed.configPath, 'utf8');
  writeFileSync(testbed.configPath, refusing.replace('allow_volatile_store = false', 'allow_volatile_store = true'));
  await testbed.start();
  const { sentence, conditions } = await testbed.gateway.status();
  expect(sentence).toMatch(/^Not yet\. The store is in RAM/);
  expect(conditions[0]).toMatchObject({ code: 'store-volatile', losing: 'at risk' });
  await testbed.gateway.signal('SIGTERM');
  const offline = await runProgram('status', '--config', testbed.configPath);
  expect(offline.stdout).toContain('in RAM only');
});
