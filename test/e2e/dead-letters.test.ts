/** Commands on dead letters: listed, shown, retried, dropped; and never lost on the way back. */
import { describe, expect, it } from 'vitest';
import type { DeadLettersReport } from '../../src/ops/reports/dead-letter-report.ts';
import { runProgram } from './program.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

/** Three messages of `a` that the hub does not acknowledge until `allow` is called. */
async function openWithLetters(): Promise<{ readonly testbed: Testbed; readonly allow: () => void }> {
  const mutedTopics = ['gw/a/muted'];
  const config = { hub: { puback_ms_max: 1000, attempts_max: 2 } };
  const testbed = await openTestbed({ rules: { mutedTopics }, config });
  await testbed.start();
  for (let count = 0; count < 3; count += 1) testbed.subdevice('a').publish('muted');
  testbed.publish(10);
  await testbed.untilIdle();
  await until(async () => (await list(testbed)).kept === 3);
  return { testbed, allow: () => mutedTopics.splice(0) };
}

function letters(testbed: Testbed, ...words: readonly string[]): ReturnType<typeof runProgram> {
  return runProgram('--config', testbed.configPath, ...words);
}

async function list(testbed: Testbed): Promise<DeadLettersReport> {
  const { stdout } = await letters(testbed, '--json', 'dead-letters', 'list');
  return JSON.parse(stdout) as DeadLettersReport;
}

describe('dead letters', () => {
  it('are listed and shown, with their content', async () => {
    const { testbed } = await openWithLetters();
    const report = await list(testbed);
    expect(report).toMatchObject({ kept: 3, keptMax: 10_000, gone: 0, next: null });
    expect(report.letters).toHaveLength(3);
    const letter = { subdevice: 'a', topic: 'gw/a/muted', attempts: 2, whole: true, payload: null };
    expect(report.letters[0]).toMatchObject(letter);
    const shown = await letters(testbed, 'dead-letters', 'show', String(report.letters[0]?.id));
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/gw\/a\/muted[\s\S]*no PUBACK after 2 attempts[\s\S]*n=1;/);
    expect((await letters(testbed, 'dead-letters', 'show', '999')).code).toBe(64);
    const paged = await letters(testbed, 'dead-letters', 'list', '--limit', '1');
    expect(paged.stdout).toContain(`More: holdfast dead-letters list --after ${report.letters[0]?.id}`);
  });

  it('that are retried are delivered once the hub allows it, like new messages', async () => {
    const { testbed, allow } = await openWithLetters();
    allow();
    const retried = await letters(testbed, 'dead-letters', 'retry', '--all');
    expect(retried).toMatchObject({ code: 0, stdout: '3 dead letters put back into the outbox.\n' });
    const ledger = await testbed.untilIdle();
    expect(ledger.balances).toBe(true);
    expect(ledger.totals.uplink).toMatchObject({ accepted: 23, delivered: 23, dead: 0, shed: {} });
    expect(testbed.uplinks).toMatchObject({ missing: 0, delivered: 23, duplicates: 0 });
    expect((await list(testbed)).kept).toBe(0);
    expect((await testbed.gateway.status()).losing).toBe('no');
  });

  it('that are retried too early become dead letters again, once, under new numbers', async () => {
    const { testbed } = await openWithLetters();
    const before = (await list(testbed)).letters.map(({ id }) => id);
    await letters(testbed, 'dead-letters', 'retry', '--all');
    await until(async () => (await testbed.gateway.ledger()).totals.uplink.dead === 3);
    await until(async () => (await list(testbed)).kept === 3);
    const after = (await list(testbed)).letters.map(({ id }) => id);
    expect(Math.min(...after)).toBeGreaterThan(Math.max(...before));
    expect((await testbed.gateway.ledger()).totals.uplink).toMatchObject({ accepted: 23, delivered: 20, pending: 0 });
  });

  it('that are dropped are counted in the ledger as dropped by hand', async () => {
    const { testbed } = await openWithLetters();
    const [first, second] = (await list(testbed)).letters;
    const dropped = await letters(testbed, 'dead-letters', 'drop', String(first?.id), String(second?.id));
    expect(dropped).toMatchObject({ code: 0, stdout: '2 dead letters dropped.\n' });
    const { totals, balances } = await testbed.gateway.ledger();
    expect(balances).toBe(true);
    expect(totals.uplink).toMatchObject({ accepted: 23, delivered: 20, dead: 1, shed: { 'dropped by hand': 2 } });
  });

  it('that do not exist are rejected, and the others are not changed', async () => {
    const { testbed } = await openWithLetters();
    const [first] = (await list(testbed)).letters;
    const refused = await letters(testbed, 'dead-letters', 'drop', String(first?.id), '999');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('there is no dead letter 999');
    expect((await letters(testbed, 'dead-letters', 'retry')).code).toBe(64);
    expect((await list(testbed)).kept).toBe(3);
  });

  it('are read from the store while no gateway runs; commands need a running one', async () => {
    const { testbed } = await openWithLetters();
    await testbed.gateway.signal('SIGTERM');
    expect(await list(testbed)).toMatchObject({ kept: 3, letters: [{ subdevice: 'a', age: null }, {}, {}] });
    expect((await letters(testbed, 'dead-letters', 'retry', '--all')).code).toBe(69);
    await testbed.gateway.start();
    expect((await list(testbed)).kept).toBe(3);
  });

  it('are not lost if the power is cut while they are retried', async () => {
    const { testbed, allow } = await openWithLetters();
    for (let turn = 0; turn < 3; turn += 1) {
      await testbed.loseHub();
      const retry = letters(testbed, 'dead-letters', 'retry', '--all');
      await Promise.race([retry, until(async () => (await testbed.gateway.ledger()).totals.uplink.dead === 0)]);
      await testbed.gateway.signal('SIGKILL');
      await retry;
      await testbed.gateway.start();
      const { totals, balances } = await testbed.gateway.ledger();
      expect(balances).toBe(true);
      expect(totals.uplink.dead + totals.uplink.pending).toBe(3);
      testbed.restoreHub();
      await until(async () => (await testbed.gateway.ledger()).totals.uplink.dead === 3);
      await until(async () => (await list(testbed)).kept === 3);
    }
    allow();
    await letters(testbed, 'dead-letters', 'retry', '--all');
    expect((await testbed.untilIdle()).totals.uplink).toMatchObject({ delivered: 23, dead: 0 });
    expect(testbed.uplinks.missing).toBe(0);
  });
});
