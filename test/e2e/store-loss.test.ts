/** A store whose files the field has damaged, under the real process: what can be read is delivered, and what cannot be known is said. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { LedgerReport } from '../../src/ops/reports/ledger-report.ts';
import { type House, openHouse } from './testbed.ts';
import { runProgram } from './program.ts';
import { until } from './until.ts';

const EACH = 40;
const PAGE_BYTES = 1024;

/** A house whose gateway has stopped with so many messages in its file. */
async function stopped(): Promise<{ house: House; path: string }> {
  const house = await openHouse({ subdevices: { a: {} } });
  await house.start();
  await house.loseHub();
  house.publish(EACH);
  await house.untilAcknowledged();
  expect(await house.gateway.signal('SIGTERM')).toBe(0);
  return { house, path: join(house.folder, 'state', 'holdfast.db') };
}

async function offlineLedger(house: House): Promise<LedgerReport> {
  return JSON.parse((await runProgram('ledger', '--json', '--config', house.configPath)).stdout) as LedgerReport;
}

it('a file whose first page is noise: every message is delivered, and nobody says that nothing is lost', async () => {
  const { house, path } = await stopped();
  const bytes = readFileSync(path);
  writeFileSync(path, Buffer.concat([Buffer.alloc(PAGE_BYTES, 0xa5), bytes.subarray(PAGE_BYTES)]));
  const foretold = await offlineLedger(house);
  expect(foretold.unknown).toEqual([expect.stringContaining(`${EACH} messages were salvaged`)]);
  expect(readFileSync(path).subarray(PAGE_BYTES).equals(bytes.subarray(PAGE_BYTES))).toBe(true);
  await house.gateway.start();
  const ledger = await house.gateway.ledger();
  expect(ledger).toMatchObject({ balances: true, totals: { uplink: { pending: EACH } }, unknown: foretold.unknown });
  const { losing, sentence, conditions } = await house.gateway.status();
  expect([losing, sentence]).toEqual(['unknown', expect.stringMatching(/^Unknown\. Messages may be lost/)]);
  expect(conditions).toContainEqual(expect.objectContaining({ code: 'loss-unknown', losing: 'unknown' }));
  house.restoreHub();
  await until(() => house.uplinks.delivered === EACH);
  const { code } = await runProgram('acknowledge-loss', '--config', house.configPath);
  expect(code).toBe(0);
  await until(async () => (await house.gateway.status()).losing === 'no');
  await house.gateway.signal('SIGTERM');
  await house.gateway.start();
  expect((await house.gateway.status()).conditions.map((one) => one.code)).not.toContain('loss-unknown');
  expect(await runProgram('acknowledge-loss', '--config', house.configPath)).toMatchObject({ code: 1 });
});

it('a database that is gone: its messages are counted as lost, before the start and after', async () => {
  const { house, path } = await stopped();
  rmSync(path);
  const status = await runProgram('status', '--config', house.configPath);
  expect(status.stdout).toContain('the database is missing');
  expect(await offlineLedger(house)).toMatchObject({ balances: true, totals: { uplink: { damaged: EACH } } });
  expect(existsSync(path)).toBe(false);
  await house.gateway.start();
  expect(await house.gateway.ledger()).toMatchObject({ balances: true, totals: { uplink: { damaged: EACH } } });
  const { losing, conditions } = await house.gateway.status();
  expect(losing).toBe('yes');
  expect(conditions.map(({ code }) => code)).toEqual(expect.arrayContaining(['damaged-rows', 'loss-unknown']));
});

it('a row whose number the card has changed is damaged once, and sent by no start', async () => {
  const { house, path } = await stopped();
  const bytes = readFileSync(path);
  // behind the length of its header and the NULL that stands for its number; before them stands the number
  const at = bytes.lastIndexOf(Buffer.of(9, 0), bytes.lastIndexOf('gw/a/t')) - 1;
  bytes[at] = (bytes[at] ?? 0) ^ 0x40;
  writeFileSync(path, bytes);
  house.restoreHub();
  for (let start = 1; start <= 2; start += 1) {
    await house.gateway.start();
    await until(() => house.uplinks.delivered === EACH - 1);
    await until(async () => (await house.gateway.ledger()).totals.uplink.pending === 0);
    const ledger = await house.gateway.ledger();
    expect(ledger).toMatchObject({
      balances: true,
      totals: { uplink: { accepted: EACH, damaged: 1, delivered: EACH - 1 } },
    });
    await house.gateway.signal('SIGTERM');
  }
  expect(house.arrivals.length).toBe(EACH - 1);
  const { stdout } = await runProgram('ledger', '--config', house.configPath);
  expect(stdout).not.toContain('defect');
});
