/** Dead letters in the hands of a technician: listed, shown, retried, dropped; and never lost on the way back. */
import { describe, expect, it } from 'vitest';
import type { DeadLettersReport } from '../../src/ops/reports/dead-letter-report.ts';
import { type House, openHouse } from './testbed.ts';
import { runProgram } from './program.ts';
import { until } from './until.ts';

/** Three messages of `a` that the hub does not acknowledge, until `allow` is called. */
async function openWithLetters(): Promise<{ readonly house: House; readonly allow: () => void }> {
  const mutedTopics = ['gw/a/muted'];
  const config = { hub: { puback_ms_max: 200, attempts_max: 2 } };
  const house = await openHouse({ rules: { mutedTopics }, config });
  await house.start();
  for (let count = 0; count < 3; count += 1) house.subdevice('a').publish('muted');
  house.publish(10);
  await house.untilIdle();
  await until(async () => (await list(house)).kept === 3);
  return { house, allow: () => mutedTopics.splice(0) };
}

function letters(house: House, ...words: readonly string[]): ReturnType<typeof runProgram> {
  return runProgram('--config', house.configPath, ...words);
}

async function list(house: House): Promise<DeadLettersReport> {
  const { stdout } = await letters(house, '--json', 'dead-letters', 'list');
  return JSON.parse(stdout) as DeadLettersReport;
}

describe('dead letters', () => {
  it('are listed and shown, with what they hold', async () => {
    const { house } = await openWithLetters();
    const report = await list(house);
    expect(report).toMatchObject({ kept: 3, keptMax: 10_000, gone: 0, next: null });
    expect(report.letters).toHaveLength(3);
    const letter = { subdevice: 'a', topic: 'gw/a/muted', attempts: 2, whole: true, payload: null };
    expect(report.letters[0]).toMatchObject(letter);
    const shown = await letters(house, 'dead-letters', 'show', String(report.letters[0]?.id));
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/gw\/a\/muted[\s\S]*no PUBACK after 2 attempts[\s\S]*n=1;/);
    expect((await letters(house, 'dead-letters', 'show', '999')).code).toBe(64);
    const paged = await letters(house, 'dead-letters', 'list', '--limit', '1');
    expect(paged.stdout).toContain(`More: holdfast dead-letters list --after ${report.letters[0]?.id}`);
  });

  it('that are put back are delivered once the hub allows it, as if they had just come', async () => {
    const { house, allow } = await openWithLetters();
    allow();
    const retried = await letters(house, 'dead-letters', 'retry', '--all');
    expect(retried).toMatchObject({ code: 0, stdout: '3 dead letters put back into the outbox.\n' });
    const ledger = await house.untilIdle();
    expect(ledger.balances).toBe(true);
    expect(ledger.totals.uplink).toMatchObject({ accepted: 23, delivered: 23, dead: 0, shed: {} });
    expect(house.uplinks).toMatchObject({ missing: 0, delivered: 23, duplicates: 0 });
    expect((await list(house)).kept).toBe(0);
    expect((await house.gateway.status()).losing).toBe('no');
  });

  it('that are put back too early die again, once, under new numbers', async () => {
    const { house } = await openWithLetters();
    const before = (await list(house)).letters.map(({ id }) => id);
    await letters(house, 'dead-letters', 'retry', '--all');
    await until(async () => (await house.gateway.ledger()).totals.uplink.dead === 3);
    await until(async () => (await list(house)).kept === 3);
    const after = (await list(house)).letters.map(({ id }) => id);
    expect(Math.min(...after)).toBeGreaterThan(Math.max(...before));
    expect((await house.gateway.ledger()).totals.uplink).toMatchObject({ accepted: 23, delivered: 20, pending: 0 });
  });

  it('that are dropped are in the ledger as dropped by hand', async () => {
    const { house } = await openWithLetters();
    const [first, second] = (await list(house)).letters;
    const dropped = await letters(house, 'dead-letters', 'drop', String(first?.id), String(second?.id));
    expect(dropped).toMatchObject({ code: 0, stdout: '2 dead letters dropped.\n' });
    const { totals, balances } = await house.gateway.ledger();
    expect(balances).toBe(true);
    expect(totals.uplink).toMatchObject({ accepted: 23, delivered: 20, dead: 1, shed: { 'dropped by hand': 2 } });
  });

  it('that are not there are refused, and nothing is done to the others', async () => {
    const { house } = await openWithLetters();
    const [first] = (await list(house)).letters;
    const refused = await letters(house, 'dead-letters', 'drop', String(first?.id), '999');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('there is no dead letter 999');
    expect((await letters(house, 'dead-letters', 'retry')).code).toBe(64);
    expect((await list(house)).kept).toBe(3);
  });

  it('are read from the store while no gateway runs; orders need one', async () => {
    const { house } = await openWithLetters();
    await house.gateway.signal('SIGTERM');
    expect(await list(house)).toMatchObject({ kept: 3, letters: [{ subdevice: 'a', age: null }, {}, {}] });
    expect((await letters(house, 'dead-letters', 'retry', '--all')).code).toBe(69);
    await house.gateway.start();
    expect((await list(house)).kept).toBe(3);
  });

  it('are not lost when the power goes as they are put back', async () => {
    const { house, allow } = await openWithLetters();
    for (let turn = 0; turn < 3; turn += 1) {
      await house.loseHub();
      const order = letters(house, 'dead-letters', 'retry', '--all');
      await Promise.race([order, until(async () => (await house.gateway.ledger()).totals.uplink.dead === 0)]);
      await house.gateway.signal('SIGKILL');
      await order;
      await house.gateway.start();
      const { totals, balances } = await house.gateway.ledger();
      expect(balances).toBe(true);
      expect(totals.uplink.dead + totals.uplink.pending).toBe(3);
      house.restoreHub();
      await until(async () => (await house.gateway.ledger()).totals.uplink.dead === 3);
      await until(async () => (await list(house)).kept === 3);
    }
    allow();
    await letters(house, 'dead-letters', 'retry', '--all');
    expect((await house.untilIdle()).totals.uplink).toMatchObject({ delivered: 23, dead: 0 });
    expect(house.uplinks.missing).toBe(0);
  });
});
