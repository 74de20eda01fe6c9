/** A card that loses or changes stored data, with the real process: counted, reported, and never passed on. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, it } from 'vitest';
import type { LedgerReport } from '../../src/ops/reports/ledger-report.ts';
import { runProgram } from './program.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

const EACH = 10;

/** Testbed with a stopped gateway and `count` messages of each subdevice in its file. */
async function stopped(): Promise<Testbed> {
  const testbed = await openTestbed({ subdevices: { a: {} } });
  await testbed.start();
  await testbed.loseHub();
  testbed.publish(EACH);
  await testbed.untilAcknowledged();
  expect(await testbed.gateway.signal('SIGTERM')).toBe(0);
  return testbed;
}

const storeOf = (testbed: Testbed): string => join(testbed.folder, 'state', 'holdfast.db');

async function expectDamaged(testbed: Testbed, damaged: number): Promise<void> {
  const running = await testbed.gateway.ledger();
  expect(running).toMatchObject({ balances: true, totals: { uplink: { damaged } } });
  const { conditions } = await testbed.gateway.status();
  expect(conditions).toContainEqual(expect.objectContaining({ code: 'damaged-rows', losing: 'yes' }));
  await testbed.gateway.signal('SIGTERM');
  const { stdout, code } = await runProgram('ledger', '--json', '--config', testbed.configPath);
  const offline = JSON.parse(stdout) as LedgerReport;
  expect({ code, ...offline }).toMatchObject({ code: 0, source: 'store', totals: { uplink: { damaged } } });
}

it('a store that has returned to an older state is detected, and its loss is counted', async () => {
  const testbed = await stopped();
  const path = storeOf(testbed);
  copyFileSync(path, join(testbed.folder, 'older'));
  await testbed.gateway.start();
  testbed.publish(EACH);
  await testbed.untilAcknowledged();
  await testbed.gateway.signal('SIGTERM');
  copyFileSync(join(testbed.folder, 'older'), path);
  const offline = JSON.parse(
    (await runProgram('ledger', '--json', '--config', testbed.configPath)).stdout,
  ) as LedgerReport;
  expect(offline).toMatchObject({
    ...{ source: 'store', balances: true, totals: { uplink: { damaged: EACH, pending: EACH } } },
    findings: [expect.stringContaining(`${EACH} messages`)],
  });
  const status = await runProgram('status', '--config', testbed.configPath);
  expect(status.stdout).toContain('has lost its newest transactions');
  await testbed.gateway.start();
  expect((await testbed.gateway.status()).store.recovery).toEqual([expect.stringContaining(`${EACH} messages`)]);
  expect(testbed.gateway.journal).toContain('has lost its newest transactions');
  await expectDamaged(testbed, EACH);
  testbed.restoreHub();
  await testbed.gateway.start();
  await until(() => testbed.uplinks.delivered === EACH);
});

it('a row with a flipped bit is detected, counted and not delivered', async () => {
  const testbed = await stopped();
  const path = storeOf(testbed);
  const bytes = readFileSync(path);
  const at = bytes.lastIndexOf('gw/a/t');
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  await testbed.gateway.start();
  await until(async () => (await testbed.gateway.ledger()).totals.uplink.damaged === 1);
  await expectDamaged(testbed, 1);
  testbed.restoreHub();
  await testbed.gateway.start();
  await until(() => testbed.uplinks.delivered === EACH - 1);
  expect(testbed.arrivals.every(({ topic }) => topic === 'gw/a/t')).toBe(true);
});

it('a damaged record of a subdevice is reported, and costs none of its messages', async () => {
  const testbed = await stopped();
  const database = new Sqlite(storeOf(testbed));
  database.exec("UPDATE subdevice SET id = 'b'");
  database.close();
  await testbed.gateway.start();
  const { conditions, store } = await testbed.gateway.status();
  expect(conditions).toContainEqual(expect.objectContaining({ code: 'damaged-records', losing: 'at risk' }));
  expect(store.recovery).toEqual([expect.stringContaining('table subdevice')]);
  testbed.restoreHub();
  await until(() => testbed.uplinks.delivered === EACH);
  testbed.publish(EACH);
  await until(() => testbed.uplinks.delivered === 2 * EACH);
  expect(await testbed.gateway.ledger()).toMatchObject({ balances: true, totals: { uplink: { damaged: 0 } } });
});
