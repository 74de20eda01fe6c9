/** Passwords printed by a program, with the bench hub: renewed in traffic, failing, and never shown. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { unzipSync } from 'fflate';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runProgram } from './program.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { unsettledIn, writeTokenService } from './token-service.ts';
import { until } from './until.ts';

/** Shortest renewal that the configuration permits. */
const RENEW_S = 10;
const SECRET = 'PLANTED-token-4711';

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-tokens-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function writeProgram(folder: string, body: string): string {
  const path = join(folder, 'print-password');
  writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return path;
}

function renewals({ gateway }: Testbed): number {
  return gateway.journal.split('password renewed').length - 1;
}

/** Passwords of all CONNECTs. */
function passwords({ tap }: Testbed): string[] {
  return tap.packets.flatMap(({ packet }) =>
    packet.kind === 'connect' ? [Buffer.from(packet.password ?? '').toString()] : [],
  );
}

it('tokens are renewed in traffic: nothing is lost or sent twice, and nothing looks like an outage', async () => {
  const service = writeTokenService(newFolder());
  const testbed = await openTestbed({
    isTapped: true,
    config: { hub: { username: 'u', password_command: [service.program], password_renew_s: RENEW_S } },
  });
  await testbed.start();
  const since = (await testbed.gateway.status()).hub.since;
  while (renewals(testbed) < 2) {
    testbed.publish(1);
    for (const subdevice of testbed.subdevices) testbed.command(subdevice);
    await testbed.untilAcknowledged();
    await turn();
  }
  await testbed.expectNothingLost();
  const duplicates = testbed.uplinks.duplicates + testbed.downlinks.duplicates;
  expect(duplicates).toBeLessThanOrEqual(unsettledIn(testbed.gateway.journal));
  const used = passwords(testbed);
  expect(used.length).toBeGreaterThanOrEqual(3);
  expect(used).toEqual(used.map((_, index) => `token-${index + 1}`));
  const ends = testbed.tap.packets.filter(({ packet }) => packet.kind === 'disconnect');
  expect(ends.length).toBeGreaterThanOrEqual(2);
  const connected = testbed.events.flatMap((event) => (event.kind === 'connected' ? [event.sessionPresent] : []));
  expect(connected.slice(1).every((sessionPresent) => sessionPresent)).toBe(true);
  const status = await testbed.gateway.status();
  expect(status.conditions.filter(({ code }) => /^hub|^downlink/.test(code))).toEqual([]);
  expect(status.hub).toMatchObject({ state: 'connected', sessionsLost: 0, takeovers: 0 });
  expect(status.hub.since?.ms, 'the connection counts from its first CONNACK').toBeGreaterThan(
    (since?.ms ?? 0) + RENEW_S * 1000,
  );
  expect(testbed.gateway.journal).not.toMatch(/hub lost|session resumed|downlinks may be missing|token-\d/);
  expect(testbed.gateway.journal.match(/hub connected/g)).toHaveLength(1);
});

describe('a program that fails', () => {
  it('is the reason why there is no connection, and runs again until it prints a password', async () => {
    const folder = newFolder();
    const ready = join(folder, 'ready');
    const program = writeProgram(folder, `test -e ${ready} || { echo "no token service" >&2; exit 3; }; echo key`);
    const testbed = await openTestbed({
      isTapped: true,
      config: { hub: { username: 'u', password_command: [program] } },
    });
    await testbed.gateway.start();
    const isAway = ({ code }: { readonly code: string }): boolean => code === 'hub-away';
    const { conditions, hub } = await testbed.untilStatus((status) =>
      status.conditions.some(({ sentence }) => sentence.includes('exit code 3')),
    );
    expect(conditions.find(isAway)).toMatchObject({
      sentence: `No password for the hub: hub.password_command ${program} failed with exit code 3; stderr: no token service; messages are kept on disk.`,
      hint: expect.stringMatching(/^Run the program as the user of the service/),
    });
    expect(hub.state).not.toBe('connected');
    expect(testbed.tap.packets).toEqual([]);
    testbed.enter(testbed.subdevice('a'));
    testbed.publish(3);
    await until(() => testbed.subdevice('a').queued === 0);
    writeFileSync(ready, '');
    await testbed.untilStatus((status) => status.hub.state === 'connected');
    await until(() => testbed.subdevice('a').uplinks.delivered === 3);
    expect(passwords(testbed)).toEqual(['key']);
  });

  it('is ended when the gateway stops, with its children', async () => {
    const folder = newFolder();
    const pidFile = join(folder, 'pid');
    const program = writeProgram(folder, `sleep 1000 & echo $! > ${pidFile}.new; mv ${pidFile}.new ${pidFile}; wait`);
    const testbed = await openTestbed({ config: { hub: { username: 'u', password_command: [program] } } });
    await testbed.gateway.start();
    await until(() => existsSync(pidFile));
    const pid = readFileSync(pidFile, 'utf8').trim();
    expect(await testbed.gateway.signal('SIGTERM')).toBe(0);
    await until(() => !isRunning(pid));
  });

  it('keeps the connection and its session if it fails at a renewal', async () => {
    const folder = newFolder();
    const away = join(folder, 'away');
    const { program } = writeTokenService(folder, [`test ! -e ${away} || { echo "service is away" >&2; exit 7; }`]);
    const testbed = await openTestbed({
      config: { hub: { username: 'u', password_command: [program], password_renew_s: RENEW_S } },
    });
    await testbed.start();
    writeFileSync(away, '');
    const { conditions, hub } = await testbed.untilStatus((status) =>
      status.conditions.some(({ code }) => code === 'hub-password-renewal'),
    );
    expect(conditions.find(({ code }) => code === 'hub-password-renewal')).toMatchObject({
      losing: 'no',
      sentence: expect.stringMatching(/exit code 7; stderr: service is away\.$/),
    });
    expect(hub.state).toBe('connected');
    rmSync(away);
    await until(() => renewals(testbed) === 1);
    const after = await testbed.gateway.status();
    expect(after.conditions.filter(({ code }) => code === 'hub-password-renewal')).toEqual([]);
    expect(testbed.gateway.journal).not.toContain('hub lost');
  });
});

it('a password is in no output: journal, status, events, recording, bundle, report, doctor and config', async () => {
  const folder = newFolder();
  const failed = join(folder, 'failed');
  const body = `echo ${SECRET}; test -e ${failed} || { touch ${failed}; echo "got ${SECRET}" >&2; exit 1; }`;
  const words = [writeProgram(folder, body), '--key', 'PLANTED-argument'];
  const testbed = await openTestbed({
    isTapped: true,
    config: { hub: { username: 'u', password_command: words } },
  });
  await testbed.start();
  expect(passwords(testbed), 'the hub got the password').toEqual([SECRET]);
  const outputs = new Map<string, string>([['journal', testbed.gateway.journal]]);
  const keep = async (...command: readonly string[]): Promise<void> => {
    const { stdout, stderr } = await runProgram(...command, '--config', testbed.configPath);
    outputs.set(command.join(' '), `${stdout}${stderr}`);
  };
  for (const command of ['status', 'events', 'conditions', 'ledger', 'doctor']) await keep(command, '--json');
  await keep('explain', 'hub');
  await keep('config', 'explain', 'hub.password_command', '--json');
  await keep('config', 'check');
  await keep('record', '--out', join(folder, 'record'));
  const changed = readFileSync(testbed.configPath, 'utf8').replace('"--key"', '"--other-key"');
  writeFileSync(testbed.configPath, changed);
  await keep('config', 'diff', '--json');
  await keep('bundle', '--out', join(folder, 'bundle.zip'));
  await keep('report', '--html', join(folder, 'report.html'));
  outputs.set('report.html', readFileSync(join(folder, 'report.html'), 'utf8'));
  for (const [name, bytes] of Object.entries(unzipSync(readFileSync(join(folder, 'bundle.zip')))))
    outputs.set(`bundle: ${name}`, Buffer.from(bytes).toString());
  expect(outputs.get('config explain hub.password_command --json')).toContain('(2 more, not shown)');
  expect(outputs.get('config diff --json')).toContain('hub.password_command');
  expect(outputs.get('bundle: configuration.toml')).toContain('password_command = ["(removed)"]');
  expect(outputs.get('journal')).toContain('failed with exit code 1; stderr: got (removed)');
  const leaks = [...outputs].filter(([, text]) => text.includes('PLANTED')).map(([name]) => name);
  expect(leaks).toEqual([]);
});

function isRunning(pid: string): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
