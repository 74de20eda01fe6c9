/** A running gateway whose configuration was changed, and commands with a wrong target; with the real process. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/base/fault.ts';
import { runProgram, startProgram } from './program.ts';
import { openTestbed, type Testbed } from './testbed.ts';

const ofConfig = (testbed: Testbed, ...words: string[]) => runProgram(...words, '--config', testbed.configPath);

describe('a running gateway', () => {
  it.each<[string, (path: string) => void, string]>([
    ['emptied', (path) => writeFileSync(path, ''), 'is broken: it is empty'],
    ['deleted', (path) => rmSync(path), 'does not exist'],
    [
      'given another control socket',
      (path) => writeFileSync(path, readFileSync(path, 'utf8').replace('control.sock', 'other.sock')),
      'now names another control_socket',
    ],
    ['overwritten', (path) => writeFileSync(path, '[other]\nx = 1\n'), 'is broken: it has no section [gateway]'],
  ])('is found after its configuration was %s, and the text names the problem', async (_, change, what) => {
    const testbed = await openTestbed();
    await testbed.start();
    change(testbed.configPath);
    for (const command of [['status'], ['ledger'], ['dead-letters', 'list']]) {
      const { code, stdout, stderr } = await ofConfig(testbed, ...command);
      expect({ command, code }).toEqual({ command, code: EXIT.ok });
      expect(stdout).not.toBe('');
      expect(stderr).toContain(`The configuration ${testbed.configPath} ${what}`);
      expect(stderr).toContain(`(process ${testbed.gateway.pid}) is still running`);
    }
  });

  it('is found by its own configuration only', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    const other = join(testbed.folder, 'other.toml');
    writeFileSync(other, '');
    const { stdout } = await runProgram('status', '--config', other);
    expect(stdout).not.toContain('gw');
    expect((await runProgram('status', '--config', join(testbed.folder, 'none.toml'))).code).toBe(EXIT.config);
  });

  it('keeps a second one away from its state directory, and is named', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    for (let start = 0; start < 6; start += 1) {
      const { code, stderr } = await ofConfig(testbed, 'run');
      expect(code).toBe(EXIT.storage);
      const { pid } = testbed.gateway;
      expect(stderr).toContain(`Another holdfast (process ${pid}) uses the state directory ${testbed.stateDir}`);
      expect(stderr).toContain(`kill ${pid}`);
    }
  });

  it.each(['trace', 'tail'])('that is killed ends %s with a text and 69', async (command) => {
    const testbed = await openTestbed();
    await testbed.start();
    const words = command === 'trace' ? ['trace', 'hub'] : ['tail'];
    const following = startProgram([...words, '--config', testbed.configPath]);
    await following.hasPrinted(/\S/, () => testbed.publish(1));
    await testbed.gateway.signal('SIGKILL');
    const { code, stderr } = await following.ended;
    expect(code).toBe(EXIT.notRunning);
    expect(stderr).toContain('The gateway has stopped or was killed');
  });
});

describe('a command with a wrong target', () => {
  it.each([
    ['/', 'a directory'],
    ['/etc/passwd', 'a file'],
  ])('--socket %s is a usage error', async (path, kind) => {
    const { code, stderr } = await runProgram('status', '--socket', path);
    expect(code).toBe(EXIT.usage);
    expect(stderr).toContain(`--socket ${path} is ${kind}, not a socket`);
  });

  it('reports that its output is incomplete, on a full disk', async () => {
    const { code, stderr } = await startProgram(['config', 'reference'], '/dev/full').ended;
    expect(code).toBe(EXIT.storage);
    expect(stderr).toContain('Cannot write to standard output (ENOSPC)');
  });
});
