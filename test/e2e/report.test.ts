/** `holdfast report` as a separate process: with and without a gateway, and without planted secrets and payloads. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openPty } from '../../src/bench/pty.ts';
import { runProgram } from './program.ts';
import { Recorder } from './recorder.ts';
import { openTestbed } from './testbed.ts';

const PAYLOAD = 'PLANTED-reading 4711';
const SECRET = 'PLANTED-password-0815';
const BYTES_MAX = 300_000;

it('writes a page of the running gateway and of the stopped one, without secrets and payloads', async () => {
  const pty = await openPty();
  onTestFinished(() => pty.hangUp());
  const listener = new Recorder();
  const device = pty.open(listener);
  await listener.untilOpen();
  const testbed = await openTestbed({
    subdevices: {},
    more: `[[link]]
name = "meter"
path = "${pty.path}"
subdevices = ["meter"]
driver = "lines"
[link.lines]
subdevice = "meter"
pattern = "^v=[0-9]+$"
[[subdevice]]
id = "meter"
`,
  });
  await testbed.gateway.start();
  await testbed.untilStatus(({ links }) => links.every(({ state }) => state === 'open'));
  const send = (text: string): void => device.write(Buffer.from(text));
  send(`${PAYLOAD}\n`);
  await testbed.untilStatus(({ conditions }) => conditions.some(({ sentence }) => sentence.includes('PLANTED')));
  const secretFile = join(testbed.folder, 'password');
  writeFileSync(secretFile, `${SECRET}\n`, { mode: 0o600 });
  const text = readFileSync(testbed.configPath, 'utf8');
  writeFileSync(
    testbed.configPath,
    text.replace('[hub]\n', `[hub]\nusername = "u"\npassword_file = "${secretFile}"\n`),
  );
  const write = async (name: string, expected: number): Promise<string> => {
    const path = join(testbed.folder, name);
    const { code, stdout } = await runProgram('report', '--html', path, '--config', testbed.configPath);
    expect({ code, stdout }).toEqual({ code: expected, stdout: expect.stringContaining(`Wrote ${path}`) });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(path).size).toBeLessThan(BYTES_MAX);
    return readFileSync(path, 'utf8');
  };

  const running = await write('running.html', 0);
  expect(running.includes('PLANTED')).toBe(false);
  expect(missingIn(running, ['lines-discarded', 'Ledger of all subdevices', 'gateway started'])).toEqual([]);

  // the events join the commit of a message that waits for the hub
  await testbed.loseHub();
  send('v=1\n');
  await testbed.untilStatus(({ outbox }) => outbox.onDisk === 1);
  const pid = testbed.gateway.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  const hung = await write('hung.html', 69);
  process.kill(pid, 'SIGCONT');
  const stored = join(testbed.stateDir, 'holdfast.db');
  expect(missingIn(hung, ['Acknowledged messages are on disk or at the hub.', `may use it: ${stored} · `])).toEqual([]);

  await testbed.gateway.signal('SIGTERM');
  const stopped = await write('stopped.html', 69);
  expect(stopped.includes('PLANTED')).toBe(false);
  expect(missingIn(stopped, ['not running.', 'Missing in this page', 'Ledger of all', 'gateway started'])).toEqual([]);

  const again = await runProgram('report', '--html', join(testbed.folder, 'stopped.html'));
  expect(again).toMatchObject({ code: 64, stderr: expect.stringContaining('exists already') });
});

const missingIn = (text: string, parts: readonly string[]): string[] => parts.filter((part) => !text.includes(part));
