/**
 * A store that is damaged while the gateway is stopped: set aside, its intact messages are delivered, the others
 * counted.
 */
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
/** Type of a page that contains rows of a table (SQLite file format §1.6). */
const LEAF = 13;
const LEAVES_SMASHED = 3;

const storeOf = (testbed: Testbed): string => join(testbed.stateDir, 'holdfast.db');
const quarantineOf = (testbed: Testbed): string => join(testbed.stateDir, 'quarantine');
const failuresOf = (testbed: Testbed): string => join(testbed.folder, 'storage-failures');

/** Testbed with a stopped gateway and a backlog, while the hub is away. */
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

/**
 * Damages the pages of the oldest messages, which are read at the start. @returns number of messages in these pages
 */
function smashLeaves(path: string): number {
  const bytes = readFileSync(path);
  let [pages, messages] = [0, 0];
  for (let at = 0, spared = 0; at < bytes.length && pages < LEAVES_SMASHED; at += PAGE_BYTES) {
    const page = bytes.subarray(at, at + PAGE_BYTES);
    if (page[0] !== LEAF || !page.includes('gw/a/t')) continue;
    spared = pages === 0 ? 0 : spared + 1;
    if (spared % 10 !== 0) continue;
    messages += page.readUInt16BE(3); // Number of cells on the page (§1.6).
    page.set(noise(PAGE_BYTES));
    pages += 1;
  }
  writeFileSync(path, bytes);
  return messages;
}

/** The running gateway has delivered `salvaged` of its backlog, has counted the others, and works. */
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
  // A card that damages a store is failing, even if nothing was lost this time.
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

describe('a corrupt store', () => {
  it.each<[string, number, (path: string) => void]>([
    ['its first page is noise', BACKLOG, (path) => writeFileSync(path, noise(PAGE_BYTES), { flag: 'r+' })],
    ['it is garbage', 0, (path) => writeFileSync(path, noise(100_000))],
  ])(
    'because %s, is set aside unchanged, and the gateway continues with the readable messages',
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

  it('because it was cut short, is salvaged up to the cut', async () => {
    const testbed = await stopped();
    const bytes = readFileSync(storeOf(testbed));
    truncateSync(storeOf(testbed), Math.floor(bytes.length / PAGE_BYTES / 2) * PAGE_BYTES);
    await testbed.gateway.start();
    const { damaged, pending } = (await testbed.gateway.ledger()).totals.uplink;
    expect([damaged + pending, damaged > 0]).toEqual([BACKLOG, true]);
    await expectSalvaged(testbed, { salvaged: pending, damaged });
  });

  it('because pages in the middle are noise, is detected before it is used', async () => {
    const testbed = await stopped();
    const damaged = smashLeaves(storeOf(testbed));
    await testbed.gateway.start();
    await expectSalvaged(testbed, { salvaged: BACKLOG - damaged, damaged });
  });

  it('is not set aside for a suspicion alone', async () => {
    const testbed = await stopped();
    writeFileSync(failuresOf(testbed), `${Math.floor(systemClock().nowMs())} store-corrupt\n`);
    await testbed.gateway.start();
    expect((await testbed.gateway.status()).store.recovery).toEqual([]);
    expect(existsSync(quarantineOf(testbed))).toBe(false);
    await expectService(testbed, BACKLOG);
  });

  it('negative control: costs the whole backlog without the salvage', async () => {
    const testbed = await stopped();
    smashLeaves(storeOf(testbed));
    renameSync(storeOf(testbed), join(testbed.folder, 'kept')); // As a gateway does that starts with a new store.
    await testbed.gateway.start();
    await expect(expectSalvaged(testbed, { salvaged: 0, damaged: 0 })).rejects.toThrow();
    await expectService(testbed, 0);
  });
});

it('a WAL of another store is set aside, and no own message is lost', async () => {
  const testbed = await stopped();
  const other = storePath();
  const { commit } = openStore(other);
  for (let seq = 1; seq <= 50; seq += 1) commit(put(seq));
  copyFileSync(`${other}-wal`, `${storeOf(testbed)}-wal`);
  await testbed.gateway.start();
  expect((await testbed.gateway.status()).store.recovery[0]).toContain('belonged to another store');
  await expectService(testbed, BACKLOG);
});

it('a store of a newer program is rejected, and no file is changed', async () => {
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
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map(({ parentPath, name }) => join(parentPath, name));
  return Object.fromEntries(paths.map((path) => [path, readFileSync(path, 'base64')]));
}
