/** `holdfast bundle` as a separate process: planted secrets, payloads and tokens are in no file of the archive. */
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { expect, it } from 'vitest';
import { openIntake } from './intake-testbed.ts';
import { runProgram } from './program.ts';
import { until } from './until.ts';

const PAYLOAD = 'PLANTED-reading 4711';
/** Payload as short as the value of a meter. */
const SHORT = 'X42';
const SECRET = 'PLANTED-password-0815';
/** Password for the proxy, which is also written as a user name. */
const PROXY_SECRET = 'PLANTED-proxy-4321';
const TOKEN = 'eyJhbGciOiPLANTED.eyJzdWIiOjEyMzQ1Njc4.c2lnbmF0dXJl';
const COMMENT = 'PLANTED-comment';

it('contains the state of the gateway, and nothing that is secret', async () => {
  const line = 'driver = "lines"\n[link.lines]\nsubdevice = "meter"\npattern = "^v=[0-9]+$"';
  const { testbed, ...intake } = await openIntakeWith(line);
  intake.send(`${PAYLOAD}\n`);
  await testbed.untilStatus(({ discarded }) => discarded.some(({ sample }) => sample.includes('PLANTED')));
  const secretFile = join(testbed.folder, 'password');
  writeFileSync(secretFile, `${SECRET}\n`, { mode: 0o600 });
  const text = readFileSync(testbed.configPath, 'utf8');
  const proxyFile = join(testbed.folder, 'proxy-password');
  writeFileSync(proxyFile, `${PROXY_SECRET}\n`, { mode: 0o600 });
  const proxy = `proxy = "http://127.0.0.1:1"\nproxy_username = "gw"\nproxy_password_file = "${proxyFile}"\n`;
  const keys = `${proxy}username = "${PROXY_SECRET}"\npassword_file = "${secretFile}" # ${COMMENT} ${TOKEN}\n`;
  writeFileSync(testbed.configPath, text.replace('[hub]\n', `[hub]\n${keys}`));
  intake.send(`${SHORT}\n`);
  await testbed.untilStatus(({ discarded }) => discarded.some(({ sample }) => sample.includes(SHORT)));
  const path = join(testbed.folder, 'support.zip');
  let files: Readonly<Record<string, Uint8Array>> = {};
  await until(async () => {
    rmSync(path, { force: true });
    const { code, stdout } = await runProgram('bundle', '--out', path, '--config', testbed.configPath);
    expect(stdout).toContain(`Wrote ${path}`);
    expect(code).toBe(0);
    files = unzipSync(readFileSync(path));
    return 'ledger.json' in files; // on a busy machine an answer can be left out, with the reason
  });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const all = Object.entries(files).map(([name, bytes]) => `${name}: ${Buffer.from(bytes).toString()}`);
  expect(Object.keys(files)).toEqual(
    expect.arrayContaining(['status.json', 'ledger.json', 'doctor.json', 'configuration.toml']),
  );
  expect(all.filter((one) => one.includes('PLANTED') || one.includes(SHORT))).toEqual([]);

  const again = await runProgram('bundle', '--out', path, '--config', testbed.configPath);
  expect(again).toMatchObject({ code: 64, stderr: expect.stringContaining('exists already') });
});

it('negative control: the answers of the gateway contain the planted payload', async () => {
  const line = 'driver = "lines"\n[link.lines]\nsubdevice = "meter"\npattern = "^v=[0-9]+$"';
  const { testbed, send } = await openIntakeWith(line);
  send(`${PAYLOAD}\n`);
  const status = await testbed.untilStatus(({ conditions }) =>
    conditions.some(({ sentence }) => sentence.includes('PLANTED')),
  );
  expect(JSON.stringify(status.discarded)).toContain('PLANTED');
});

async function openIntakeWith(line: string) {
  const intake = await openIntake({ meter: line });
  return { testbed: intake.testbed, send: (text: string) => intake.send('meter', text) };
}
