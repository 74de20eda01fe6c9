/** `holdfast doctor` as a separate process: with a gateway, after its end, and with a damaged installation. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { TimedFinding } from '../../src/doctor/check.ts';
import { runProgram } from './program.ts';
import { openTestbed, type Testbed } from './testbed.ts';

async function examine(testbed: Testbed, ...words: readonly string[]): Promise<Map<string, TimedFinding>> {
  const { stdout } = await runProgram('doctor', '--json', '--config', testbed.configPath, ...words);
  const { findings } = JSON.parse(stdout) as { findings: TimedFinding[] };
  return new Map(findings.map((finding) => [finding.id, finding]));
}

it('finds nothing wrong with a gateway at work, and a change of its configuration', async () => {
  const testbed = await openTestbed();
  await testbed.start();
  const healthy = await examine(testbed);
  for (const id of [
    'config.file',
    'config.drift',
    'gateway.process',
    'gateway.subdevices',
    'hub.address',
    'hub.connect',
  ])
    expect(healthy.get(id), id).toMatchObject({ verdict: 'ok' });
  expect([...healthy.values()].filter(({ verdict, id }) => verdict === 'fail' && !id.startsWith('machine.'))).toEqual(
    [],
  );
  appendFileSync(testbed.configPath, '\n# changed\n');
  expect((await examine(testbed)).get('config.drift')).toMatchObject({ verdict: 'warn' });
});

it('examines a gateway that has ended, and its session at the hub stays as it is', async () => {
  const testbed = await openTestbed();
  await testbed.start();
  await testbed.gateway.signal('SIGKILL');
  const before = testbed.session?.subscriptions;
  const findings = await examine(testbed, '--connect');
  expect(findings.get('gateway.process')).toMatchObject({ verdict: 'fail' });
  expect(findings.get('storage.content')).toMatchObject({ verdict: 'ok' });
  expect(findings.get('hub.connect')?.facts.join(' ')).toContain('It keeps a session for this identity.');
  expect(testbed.session?.subscriptions).toEqual(before);

  testbed.setFaults({ reach: 'refuses' });
  testbed.hub.setFault({ kind: 'forgetSession', clientId: 'gw' });
  testbed.restoreHub();
  const again = await examine(testbed, '--connect');
  expect(again.get('hub.connect')?.facts.join(' ')).toContain('It keeps no session for this identity.');
  await testbed.gateway.start();
  const { hub } = await testbed.untilStatus(({ hub }) => hub.state === 'connected');
  expect(hub.session.finding).toBe('lost'); // the trial has not hidden the loss
});

it('does not connect as a gateway that runs on another socket, and finds one whose file was edited', async () => {
  const testbed = await openTestbed();
  await testbed.start();
  const elsewhere = await examine(testbed, '--connect', '--socket', '/nowhere.sock');
  expect(elsewhere.get('hub.connect')?.facts).toEqual(['The gateway is connected as gw.']);
  expect(testbed.gateway.journal).not.toContain('hub lost');
  const text = readFileSync(testbed.configPath, 'utf8');
  writeFileSync(testbed.configPath, text.replace(testbed.socketPath, join(testbed.folder, 'other.sock')));
  const edited = await examine(testbed);
  expect(edited.get('gateway.process')).toMatchObject({ verdict: 'ok' });
  expect(edited.get('config.drift')).toMatchObject({ verdict: 'warn' });
  expect(edited.get('link.port:link-a')).toMatchObject({ verdict: 'ok' });
});

it('exits with 2 and prints remedies, and stays within its lines', async () => {
  const testbed = await openTestbed();
  const { code, stdout } = await runProgram('doctor', '--config', testbed.configPath);
  expect(code).toBe(2);
  expect(stdout).toMatch(/^Doctor: \d+ fail/);
  expect(stdout).toMatch(/FAIL {4}gateway\.process\n {4}.+\n {4}-> Start it with/);
});
