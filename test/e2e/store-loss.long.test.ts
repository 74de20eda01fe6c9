/** A damaged store, with the real process: readable messages are delivered, and the unknown loss is reported. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { LedgerReport } from '../../src/ops/reports/ledger-report.ts';
import { runProgram } from './program.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

const EACH = 40;
const PAGE_BYTES = 1024;

/** Testbed with a stopped gateway and `EACH` messages in its file. */
async function stopped(): Promise<{ testbed: Testbed; path: string }> {
  const testbed = await openTestbed({ subdevices: { a: {} } });
  await testbed.start();
  await testbed.loseHub();
  testbed.publish(EACH);
  await testbed.untilAcknowledged();
  expect(await testbed.gateway.signal('SIGTERM')).toBe(0);
  return { testbed, path: join(testbed.folder, 'state', 'holdfast.db') };
}

async function offlineLedger(testbed: Testbed): Promise<LedgerReport> {
  return JSON.parse((await runProgram('ledger', '--json', '--config', testbed.configPath)).stdout) as LedgerReport;
}

it('a file whose first page is noise: every message is delivered, and no report says that nothing is lost', async () => {
  const { testbed, path } = await stopped();
  const bytes = readFileSync(path);
  writeFileSync(path, Buffer.concat([Buffer.alloc(PAGE_BYTES, 0xa5), bytes.subarray(PAGE_BYTES)]));
  const offline = await offlineLedger(testbed);
  expect(offline.unknown).toEqual([expect.stringContaining(`${EACH} messages were salvaged`)]);
  expect(readFileSync(path).subarray(PAGE_BYTES).equals(bytes.subarray(PAGE_BYTES))).toBe(true);
  await testbed.gateway.start();
  const ledger = await testbed.gateway.ledger();
  expect(ledger).toMatchObject({ balances: true, totals: { uplink: { pending: EACH } }, unknown: offline.unknown });
  const { losing, sentence, conditions } = await testbed.gateway.status();
  expect([losing, sentence]).toEqual([
    'unknown',
    expect.stringMatching(/^Unknown\. An unknown number of messages may be lost/),
  ]);
  expect(conditions).toContainEqual(expect.objectContaining({ code: 'loss-unknown', losing: 'unknown' }));
  testbed.restoreHub();
  await until(() => testbed.uplinks.delivered === EACH);
  const { code } = await runProgram('acknowledge-loss', '--config', testbed.configPath);
  expect(code).toBe(0);
  // The loss was handled; the damage by the storage is reported until the next start.
  const seen = await testbed.untilStatus((status) => status.losing === 'at risk');
  expect(seen.conditions).toContainEqual(expect.objectContaining({ code: 'store-damaged', losing: 'at risk' }));
  await testbed.gateway.signal('SIGTERM');
  await testbed.gateway.start();
  const again = await testbed.untilStatus((status) => status.losing === 'no');
  expect(again.conditions.map((one) => one.code)).not.toContain('loss-unknown');
  expect(await runProgram('acknowledge-loss', '--config', testbed.configPath)).toMatchObject({ code: 1 });
});

it('a missing database: its messages are counted as lost, before the start and after', async () => {
  const { testbed, path } = await stopped();
  rmSync(path);
  const status = await runProgram('status', '--config', testbed.configPath);
  expect(status.stdout).toContain('the database is missing');
  expect(await offlineLedger(testbed)).toMatchObject({ balances: true, totals: { uplink: { damaged: EACH } } });
  expect(existsSync(path)).toBe(false);
  await testbed.gateway.start();
  expect(await testbed.gateway.ledger()).toMatchObject({ balances: true, totals: { uplink: { damaged: EACH } } });
  const { losing, conditions } = await testbed.gateway.status();
  expect(losing).toBe('yes');
  expect(conditions.map(({ code }) => code)).toEqual(expect.arrayContaining(['damaged-rows', 'loss-unknown']));
});

it('a row whose number was changed by the card is damaged once, and sent by no start', async () => {
  const { testbed, path } = await stopped();
  const bytes = readFileSync(path);
  // The position after the length of its header and the NULL in place of its number; the number precedes them.
  const at = bytes.lastIndexOf(Buffer.of(9, 0), bytes.lastIndexOf('gw/a/t')) - 1;
  bytes[at] = (bytes[at] ?? 0) ^ 0x40;
  writeFileSync(path, bytes);
  testbed.restoreHub();
  for (let start = 1; start <= 2; start += 1) {
    await testbed.gateway.start();
    await until(() => testbed.uplinks.delivered === EACH - 1);
    await until(async () => (await testbed.gateway.ledger()).totals.uplink.pending === 0);
    const ledger = await testbed.gateway.ledger();
    expect(ledger).toMatchObject({
      balances: true,
      totals: { uplink: { accepted: EACH, damaged: 1, delivered: EACH - 1 } },
    });
    await testbed.gateway.signal('SIGTERM');
  }
  expect(testbed.arrivals.length).toBe(EACH - 1);
  const { stdout } = await runProgram('ledger', '--config', testbed.configPath);
  expect(stdout).not.toContain('defect');
});
