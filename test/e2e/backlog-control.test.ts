/** Control of the backlog on the real gateway: paused, slower, resumed; over a crash; nothing is lost. */
import { describe, expect, it } from 'vitest';
import type { OutboxReport } from '../../src/ops/reports/report.ts';
import { runProgram } from './program.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

const OLD = 20;

/** The hub is away; subdevice `a` has a backlog of twenty messages. */
async function openWithBacklog(): Promise<Testbed> {
  const testbed = await openTestbed();
  await testbed.start();
  await testbed.loseHub();
  for (let count = 0; count < OLD; count += 1) testbed.subdevice('a').publish('t');
  await testbed.untilAcknowledged();
  return testbed;
}

function backlog(testbed: Testbed, ...words: readonly string[]): ReturnType<typeof runProgram> {
  return runProgram('--config', testbed.configPath, ...words);
}

async function outboxOf(testbed: Testbed): Promise<OutboxReport> {
  const { stdout } = await backlog(testbed, '--json', 'outbox');
  return JSON.parse(stdout) as OutboxReport;
}

function arrivedFrom(testbed: Testbed, id: string): number {
  return testbed.arrivals.filter(({ topic }) => topic.startsWith(`gw/${id}/`)).length;
}

describe('a paused backlog', () => {
  it('waits while live messages go on, over a crash too, and is sent in order after resume', async () => {
    const testbed = await openWithBacklog();
    const paused = await backlog(testbed, 'backlog', 'pause', '--for', '1h');
    expect(paused.code).toBe(0);
    expect(paused.stdout).toMatch(/paused for (59 min|60 min|1 h)/);
    testbed.restoreHub();
    await testbed.untilStatus(({ hub }) => hub.state === 'connected');
    testbed.subdevice('b').publish('t');
    await until(() => arrivedFrom(testbed, 'b') === 1);
    expect(arrivedFrom(testbed, 'a')).toBe(0);
    const { conditions, losing, sentence } = await testbed.gateway.status();
    expect(losing).toBe('no');
    expect(conditions.map(({ code }) => code)).toContain('backlog-paused');
    expect(sentence).toContain('the backlog is paused by an operator');
    await testbed.gateway.signal('SIGKILL');
    await testbed.gateway.start();
    await testbed.untilStatus(({ hub }) => hub.state === 'connected');
    expect((await outboxOf(testbed)).backlog.pause).toMatchObject({ perS: 0 });
    expect(arrivedFrom(testbed, 'a')).toBe(0);
    expect(await backlog(testbed, 'backlog', 'resume')).toMatchObject({ code: 0 });
    await testbed.expectNothingLost();
    expect(arrivedFrom(testbed, 'a')).toBeGreaterThanOrEqual(OLD);
    expect((await backlog(testbed, 'backlog', 'resume')).stderr).toContain('The backlog is not paused');
  });

  it('is sent again when the time is over, and the journal says so', async () => {
    const testbed = await openWithBacklog();
    await backlog(testbed, 'backlog', 'pause', '--for', '3s');
    testbed.restoreHub();
    await testbed.expectNothingLost();
    expect(testbed.gateway.journal).toContain('the pause of the backlog ended by itself');
    expect((await outboxOf(testbed)).backlog).toEqual({ pause: null, rate: null });
  });
});

it('a lower rate sends the backlog one by one, and rate default sends the rest', async () => {
  const testbed = await openWithBacklog();
  const slowed = await backlog(testbed, 'backlog', 'rate', '0.1');
  expect(slowed.stdout).toContain('The backlog is sent at 0.1 messages/s at most');
  testbed.restoreHub();
  await until(() => arrivedFrom(testbed, 'a') === 1);
  expect((await outboxOf(testbed)).backlog.rate).toMatchObject({ perS: 0.1 });
  expect((await backlog(testbed, 'backlog', 'rate', 'default')).stdout).toContain('at the rate of the hub');
  await testbed.expectNothingLost();
});

it('negative control: without a pause the backlog is sent as soon as the hub is back', async () => {
  const testbed = await openWithBacklog();
  testbed.restoreHub();
  await until(() => arrivedFrom(testbed, 'a') === OLD);
});

it.each([
  [['pause', '--for', '25h'], 'Allowed: a number with s, m, h or d'],
  [['rate', '0'], 'is not a rate'],
  [['rate', '0.05'], 'is not a rate'],
  [['rate', 'fast'], 'is not a rate'],
  [['rate', '99999'], 'from 0.1 to 10000'],
])('backlog %j is refused before the gateway is asked', async (words, text) => {
  const { code, stderr } = await runProgram('backlog', ...words);
  expect(code).toBe(64);
  expect(stderr).toContain(text);
});
