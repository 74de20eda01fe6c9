/** History of the real gateway: over a stop, a kill, and without a gateway. */
import { expect, it } from 'vitest';
import type { EventsReport } from '../../src/ops/reports/events-report.ts';
import type { HistoryReport } from '../../src/ops/reports/history-report.ts';
import { runProgram } from './program.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

async function json<Report>(testbed: Testbed, ...words: readonly string[]): Promise<Report> {
  const { stdout, stderr } = await runProgram('--json', '--config', testbed.configPath, ...words);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Report;
}

const namesIn = async (testbed: Testbed) =>
  (await json<EventsReport>(testbed, 'events')).events.map(({ name }) => name);

it('shows a lost hub, a note and a kill after the next start, and all of it without a gateway', async () => {
  const testbed = await openTestbed();
  await testbed.start();
  await testbed.loseHub();
  testbed.restoreHub();
  await testbed.untilStatus(({ hub }) => hub.state === 'connected');
  testbed.publish(3);
  await testbed.untilIdle();
  // a stop stores the sample of the part of a minute, if that is not shorter than a second
  await testbed.untilStatus(({ process }) => process.uptimeMs > 2000);
  const running = await json<EventsReport>(testbed, 'events', '--kind', 'hub');
  expect(running.events.map(({ name }) => name)).toEqual(expect.arrayContaining(['hubConnected', 'hubLost']));
  expect(running.events.findLast(({ name }) => name === 'hubConnected')?.durationMs).toBeGreaterThan(0);
  await testbed.gateway.signal('SIGTERM');
  expect(await namesIn(testbed)).toEqual(expect.arrayContaining(['gatewayStarted', 'hubLost', 'gatewayStopping']));
  await testbed.gateway.start();
  // a commit of messages takes the event of the start with it
  await testbed.loseHub();
  testbed.publish(3);
  await testbed.untilAcknowledged();
  await until(async () => (await testbed.gateway.status()).store.historyBytesWritten > 0);
  await testbed.gateway.signal('SIGKILL');
  testbed.restoreHub();
  await testbed.gateway.start();
  await until(async () => (await namesIn(testbed)).includes('gatewayEnded'));
  await testbed.gateway.signal('SIGTERM');
  const stored = await namesIn(testbed);
  expect(stored.filter((name) => name === 'gatewayStarted')).toHaveLength(3);
  expect(stored.filter((name) => name === 'gatewayEnded')).toHaveLength(1);
  const forecast = await runProgram('forecast', '--config', testbed.configPath);
  expect(forecast).toMatchObject({ code: 69, stdout: expect.stringContaining('The gateway is not running.') });
  expect(forecast.stdout).toMatch(/Basis +last hour: \d+ uplinks/);
  const history = await json<HistoryReport>(testbed, 'history', '--metric', 'uplinks_in');
  const sum = history.series[0]?.points.reduce((total, [, value]) => total + (value ?? 0), 0);
  expect(sum).toBeGreaterThanOrEqual(3);
  await testbed.gateway.start();
  await testbed.expectNothingLost();
});
