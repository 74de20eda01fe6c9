/** A store that is smashed while the gateway is down: set aside, what is whole of it delivered, what is not counted. */
import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/base/fault.ts';
import { systemClock } from '../../src/io/clock.ts';
import type { LedgerReport } from '../../src/ops/reports/ledger-report.ts';
import { PAGE_BYTES } from '../../src/store/database.ts';
import { openStore, put, storePath } from '../unit/store/store-rig.ts';
import { runProgram } from './program.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

const BACKLOG = 300;
/** Type of a page that holds rows of a table (SQLite file format §1.6). */
const LEAF = 13;
const LEAVES_SMASHED = 3;

const storeOf = (testbed: Testbed): string => join(testbed.stateDir, 'holdfast.db');
const quarantineOf = (testbed: Testbed): string => join(testbed.stateDir, 'quarantine');
const failuresOf = (testbed: Testbed): string => join(testbed.folder, 'storage-failures');

/** A house whose gateway has stopped with a backlog, and whose hub is away. */
async function stopped(): Promise<Testbed> {
  const testbed = await openTestbed({ subdevices: { a: { window: 16 } } });
  await testbed.start();
  await testbed.loseHub();
  testbed.publish(BACKLOG);
  await testbed.untilAcknowledged();
  await testbed.gateway.signal('SIGTERM');
  return testbed;
}

function noise(bytes: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: bytes }, (_, place) => 128 + ((place * 97) % 128)));
}

/** The oldest messages among them: those are read at the start. @returns how many messages were in the pages that are noise now */
function smashLeaves(path: string): number {
  const bytes = readFileSync(path);
  let [pages, messages] = [0, 0];
  for (let at = 0, spared = 0; at < bytes.length && pages < LEAVES_SMASHED; at += PAGE_BYTES) {
    const page = bytes.subarray(at, at + PAGE_BYTES);
    if (page[0] !== LEAF || !page.includes('gw/a/t')) continue;
    spared = pages === 0 ? 0 : spared + 1;
    if (spared % 10 !== 0) continue;
    messages += page.readUInt16BE(3); // cells on it (§1.6)
    page.set(noise(PAGE_BYTES));
    pages += 1;
  }
  writeFileSync(path, bytes);
  return messages;
}

/** The running gateway has delivered so many of its backlog, has counted the others, and does its work. */
async function expectSalvaged(
  testbed: Testbed,
  { salvaged, damaged }: { salvaged: number; damaged: number },
): Promise<void> {
  const { recovery } = (await testbed.gateway.status()).store;
  expect(recovery[0]).toContain(`the store was corrupt: ${salvaged} messages were salvaged`);
  expect(recovery[0]).toContain(`the file is kept in ${join(quarantineOf(testbed), '1')}`);
  expect(testbed.gateway.journal).toContain('the store was corrupt');
  expect(await testbed.gateway.ledger()).toMatchObject({
    balances: true,
    totals: { uplink: { pending: salvaged, damaged } },
  });
  const codes = (await testbed.gateway.status()).conditions.map(({ code }) => code);
  expect(codes.includes('damaged-rows')).toBe(damaged > 0);
  // a card that damages a store is failing, even if nothing was lost this time
  expect(codes.some((code) => ['damaged-rows', 'loss-unknown', 'store-damaged'].includes(code))).toBe(true);
  await expectService(testbed, salvaged);
  await testbed.gateway.signal('SIGTERM');
  const { stdout, code } = await runProgram('ledger', '--json', '--config', testbed.configPath);
  expect({ code, ...(JSON.parse(stdout) as LedgerReport) }).toMatchObject({
    code: 0,
    source: 'store',
    totals: { uplink: { pending: 0, damaged } },
  });
}

async function expectService(testbed: Testbed, delivered: number): Promise<void> {
  testbed.restoreHub();
  testbed.publish(5);
  await testbed.untilIdle();
  await until(() => testbed.uplinks.delivered === delivered + 5);
  expect(testbed.uplinks).toMatchObject({ reordered: 0, missing: BACKLOG - delivered });
}

describe('a store that is found corrupt', () => {
  it.each<[string, number, (path: string) => void]>([
    ['its first page is noise', BACKLOG, (path) => writeFileSync(path, noise(PAGE_BYTES), { flag: 'r+' })],
    [
      'its schema is noise',
      BACKLOG,
      (path) => {
        const bytes = readFileSync(path);
        bytes.set(noise(PAGE_BYTES - 100), 100);
        writeFileSync(path, bytes);
      },
    ],
    ['it is empty', 0, (path) => truncateSync(path)],
    ['it is garbage', 0, (path) => writeFileSync(path, noise(100_000))],
  ])(
    'because %s, is set aside as it was, and the gateway goes on with what is legible',
    async (_why, salvaged, spoil) => {
      const testbed = await stopped();
      spoil(storeOf(testbed));
      const spoilt = readFileSync(storeOf(testbed));
      await testbed.gateway.start();
      expect((await testbed.gateway.status()).store.recovery[0]).toContain('the number of missing messages is unknown');
      await expectSalvaged(testbed, { salvaged, damaged: BACKLOG - salvaged });
      expect(readFileSync(join(quarantineOf(testbed), '1', 'holdfast.db')).equals(spoilt)).toBe(true);
    },
  );

  it('because it was cut short, is salvaged up to there', async () => {
    const testbed = await stopped();
    const bytes = readFileSync(storeOf(testbed));
    truncateSync(storeOf(testbed), Math.floor(bytes.length / PAGE_BYTES / 2) * PAGE_BYTES);
    await testbed.gateway.start();
    const { damaged, pending } = (await testbed.gateway.ledger()).totals.uplink;
    expect([damaged + pending, damaged > 0]).toEqual([BACKLOG, true]);
    await expectSalvaged(testbed, { salvaged: pending, damaged });
  });

  it('because pages in the middle are noise, is found so before it is used', async () => {
    const testbed = await stopped();
    const damaged = smashLeaves(storeOf(testbed));
    await testbed.gateway.start();
    await expectSalvaged(testbed, { salvaged: BACKLOG - damaged, damaged });
  });

  it('is not set aside on suspicion alone', async () => {
    const testbed = await stopped();
    writeFileSync(failuresOf(testbed), `${Math.floor(systemClock().nowMs())} store-corrupt\n`);
    await testbed.gateway.start();
    expect((await testbed.gateway.status()).store.recovery).toEqual([]);
    expect(existsSync(quarantineOf(testbed))).toBe(false);
    await expectService(testbed, BACKLOG);
  });

  it('would cost the whole backlog without the salvage', async () => {
    const testbed = await stopped();
    smashLeaves(storeOf(testbed));
    renameSync(storeOf(testbed), join(testbed.folder, 'kept')); // what a gateway would do that begins anew
    await testbed.gateway.start();
    await expect(expectSalvaged(testbed, { salvaged: 0, damaged: 0 })).rejects.toThrow();
    await expectService(testbed, 0);
  });
});

it('a log of another store is set aside, and nothing of the own one is lost', async () => {
  const testbed = await stopped();
  const other = storePath();
  const { commit } = openStore(other);
  for (let seq = 1; seq <= 50; seq += 1) commit(put(seq));
  copyFileSync(`${other}-wal`, `${storeOf(testbed)}-wal`);
  await testbed.gateway.start();
  expect((await testbed.gateway.status()).store.recovery[0]).toContain('belonged to another store');
  await expectService(testbed, BACKLOG);
});

it('a store of a newer program is refused, and nothing is touched', async () => {
  const testbed = await stopped();
  const database = new Sqlite(storeOf(testbed));
  database.pragma('user_version = 99');
  database.close();
  const before = filesIn(testbed.stateDir);
  testbed.gateway.spawn();
  expect(await testbed.gateway.ended()).toBe(EXIT.storage);
  expect(testbed.gateway.journal).toContain('has schema 99');
  expect(filesIn(testbed.stateDir)).toEqual(before);
});

function filesIn(folder: string): Record<string, string> {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'base64')]));
}
