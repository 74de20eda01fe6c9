/** Events of operators on the real gateway: durable when the command answers, also if the hub answers all messages. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { EventsReport } from '../../src/ops/reports/events-report.ts';
import { runProgram } from './program.ts';
import { openTestbed, type Testbed } from './testbed.ts';

async function run(testbed: Testbed, ...words: readonly string[]): Promise<string> {
  const { stdout, stderr } = await runProgram('--json', '--config', testbed.configPath, ...words);
  expect(stderr).toBe('');
  return stdout;
}

async function namesIn(testbed: Testbed): Promise<readonly string[]> {
  const { events }: EventsReport = JSON.parse(await run(testbed, 'events'));
  return events.map(({ name, detail }) => (name === 'operatorActed' ? detail : name));
}

it('a command of an operator and a change of the configuration are in the events after SIGKILL at once', async () => {
  const testbed = await openTestbed();
  await testbed.start();
  await run(testbed, 'mark', 'before the kill');
  const text = readFileSync(testbed.configPath, 'utf8');
  writeFileSync(testbed.configPath, text.replace('[inbox]', '[inbox]\nmessages_max = 77'));
  await run(testbed, 'config', 'apply', '--confirm', '1h');
  expect(await namesIn(testbed)).toContain('hubConnected');
  await run(testbed, 'config', 'confirm');
  await testbed.gateway.signal('SIGKILL');
  const stored = await namesIn(testbed);
  expect(stored).toEqual(expect.arrayContaining(['mark', 'configApplied', 'configConfirmed']));
  expect(await run(testbed, 'events')).toMatch(/1 change was applied[^"]*: inbox\.messages_max"/);
  // negative control: the kill loses an event that no commit has taken
  expect(stored).not.toContain('hubConnected');
  await testbed.gateway.start();
  await testbed.expectNothingLost();
});
