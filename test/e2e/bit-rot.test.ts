/** A card that forgets or changes what it was given, under the real process: counted, shown, and never passed on. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, it } from 'vitest';
import type { LedgerReport } from '../../src/ops/reports/ledger-report.ts';
import { type House, openHouse } from './testbed.ts';
import { runProgram } from './program.ts';
import { until } from './until.ts';

const EACH = 10;

/** A house whose gateway has stopped with so many messages of each subdevice in its file. */
async function stopped(): Promise<House> {
  const house = await openHouse({ subdevices: { a: {} } });
  await house.start();
  await house.loseHub();
  house.publish(EACH);
  await house.untilAcknowledged();
  expect(await house.gateway.signal('SIGTERM')).toBe(0);
  return house;
}

const storeOf = (house: House): string => join(house.folder, 'state', 'holdfast.db');

async function expectDamaged(house: House, damaged: number): Promise<void> {
  const running = await house.gateway.ledger();
  expect(running).toMatchObject({ balances: true, totals: { uplink: { damaged } } });
  const { conditions } = await house.gateway.status();
  expect(conditions).toContainEqual(expect.objectContaining({ code: 'damaged-rows', losing: 'yes' }));
  await house.gateway.signal('SIGTERM');
  const { stdout, code } = await runProgram('ledger', '--json', '--config', house.configPath);
  const offline = JSON.parse(stdout) as LedgerReport;
  expect({ code, ...offline }).toMatchObject({ code: 0, source: 'store', totals: { uplink: { damaged } } });
}

it('a store that has fallen back to an older state is noticed, and its loss is counted', async () => {
  const house = await stopped();
  const path = storeOf(house);
  copyFileSync(path, join(house.folder, 'older'));
  await house.gateway.start();
  house.publish(EACH);
  await house.untilAcknowledged();
  await house.gateway.signal('SIGTERM');
  copyFileSync(join(house.folder, 'older'), path);
  const offline = JSON.parse(
    (await runProgram('ledger', '--json', '--config', house.configPath)).stdout,
  ) as LedgerReport;
  expect(offline).toMatchObject({
    ...{ source: 'store', balances: true, totals: { uplink: { damaged: EACH, pending: EACH } } },
    findings: [expect.stringContaining(`${EACH} messages`)],
  });
  const status = await runProgram('status', '--config', house.configPath);
  expect(status.stdout).toContain('has lost its newest transactions');
  await house.gateway.start();
  expect((await house.gateway.status()).store.recovery).toEqual([expect.stringContaining(`${EACH} messages`)]);
  expect(house.gateway.journal).toContain('has lost its newest transactions');
  await expectDamaged(house, EACH);
  house.restoreHub();
  await house.gateway.start();
  await until(() => house.uplinks.delivered === EACH);
});

it('a row with a flipped bit is noticed, counted and not delivered', async () => {
  const house = await stopped();
  const path = storeOf(house);
  const bytes = readFileSync(path);
  const at = bytes.lastIndexOf('gw/a/t');
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  await house.gateway.start();
  await until(async () => (await house.gateway.ledger()).totals.uplink.damaged === 1);
  await expectDamaged(house, 1);
  house.restoreHub();
  await house.gateway.start();
  await until(() => house.uplinks.delivered === EACH - 1);
  expect(house.arrivals.every(({ topic }) => topic === 'gw/a/t')).toBe(true);
});

it('a damaged record of a subdevice is told of, and costs none of its messages', async () => {
  const house = await stopped();
  const database = new Sqlite(storeOf(house));
  database.exec("UPDATE subdevice SET id = 'b'");
  database.close();
  await house.gateway.start();
  const { conditions, store } = await house.gateway.status();
  expect(conditions).toContainEqual(expect.objectContaining({ code: 'damaged-records', losing: 'at risk' }));
  expect(store.recovery).toEqual([expect.stringContaining('table subdevice')]);
  house.restoreHub();
  await until(() => house.uplinks.delivered === EACH);
  house.publish(EACH);
  await until(() => house.uplinks.delivered === 2 * EACH);
  expect(await house.gateway.ledger()).toMatchObject({ balances: true, totals: { uplink: { damaged: 0 } } });
});
