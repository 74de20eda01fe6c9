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
import { type House, openHouse } from './testbed.ts';
import { runProgram } from './program.ts';
import { until } from './until.ts';

const BACKLOG = 300;
/** Type of a page that holds rows of a table (SQLite file format §1.6). */
const LEAF = 13;
const LEAVES_SMASHED = 3;

const storeOf = (house: House): string => join(house.stateDir, 'holdfast.db');
const quarantineOf = (house: House): string => join(house.stateDir, 'quarantine');
const failuresOf = (house: House): string => join(house.folder, 'storage-failures');

/** A house whose gateway has stopped with a backlog, and whose hub is away. */
async function stopped(): Promise<House> {
  const house = await openHouse({ subdevices: { a: { window: 16 } } });
  await house.start();
  await house.loseHub();
  house.publish(BACKLOG);
  await house.untilAcknowledged();
  await house.gateway.signal('SIGTERM');
  return house;
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
  house: House,
  { salvaged, damaged }: { salvaged: number; damaged: number },
): Promise<void> {
  const { recovery } = (await house.gateway.status()).store;
  expect(recovery[0]).toContain(`the store was corrupt: ${salvaged} messages were salvaged`);
  expect(recovery[0]).toContain(`the file is kept in ${join(quarantineOf(house), '1')}`);
  expect(house.gateway.journal).toContain('the store was corrupt');
  expect(await house.gateway.ledger()).toMatchObject({
    balances: true,
    totals: { uplink: { pending: salvaged, damaged } },
  });
  const codes = (await house.gateway.status()).conditions.map(({ code }) => code);
  expect(codes.includes('damaged-rows')).toBe(damaged > 0);
  await expectService(house, salvaged);
  await house.gateway.signal('SIGTERM');
  const { stdout, code } = await runProgram('ledger', '--json', '--config', house.configPath);
  expect({ code, ...(JSON.parse(stdout) as LedgerReport) }).toMatchObject({
    code: 0,
    source: 'store',
    totals: { uplink: { pending: 0, damaged } },
  });
}

async function expectService(house: House, delivered: number): Promise<void> {
  house.restoreHub();
  house.publish(5);
  await house.untilIdle();
  await until(() => house.uplinks.delivered === delivered + 5);
  expect(house.uplinks).toMatchObject({ reordered: 0, missing: BACKLOG - delivered });
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
      const house = await stopped();
      spoil(storeOf(house));
      const spoilt = readFileSync(storeOf(house));
      await house.gateway.start();
      expect((await house.gateway.status()).store.recovery[0]).toContain('nobody knows how many are missing');
      await expectSalvaged(house, { salvaged, damaged: BACKLOG - salvaged });
      expect(readFileSync(join(quarantineOf(house), '1', 'holdfast.db')).equals(spoilt)).toBe(true);
    },
  );

  it('because it was cut short, is salvaged up to there', async () => {
    const house = await stopped();
    const bytes = readFileSync(storeOf(house));
    truncateSync(storeOf(house), Math.floor(bytes.length / PAGE_BYTES / 2) * PAGE_BYTES);
    await house.gateway.start();
    const { damaged, pending } = (await house.gateway.ledger()).totals.uplink;
    expect([damaged + pending, damaged > 0]).toEqual([BACKLOG, true]);
    await expectSalvaged(house, { salvaged: pending, damaged });
  });

  it('because pages in the middle are noise, is found so before it is used', async () => {
    const house = await stopped();
    const damaged = smashLeaves(storeOf(house));
    await house.gateway.start();
    await expectSalvaged(house, { salvaged: BACKLOG - damaged, damaged });
  });

  it('is not set aside on suspicion alone', async () => {
    const house = await stopped();
    writeFileSync(failuresOf(house), `${Math.floor(systemClock().nowMs())} store-corrupt\n`);
    await house.gateway.start();
    expect((await house.gateway.status()).store.recovery).toEqual([]);
    expect(existsSync(quarantineOf(house))).toBe(false);
    await expectService(house, BACKLOG);
  });

  it('would cost the whole backlog without the salvage', async () => {
    const house = await stopped();
    smashLeaves(storeOf(house));
    renameSync(storeOf(house), join(house.folder, 'kept')); // what a gateway would do that begins anew
    await house.gateway.start();
    await expect(expectSalvaged(house, { salvaged: 0, damaged: 0 })).rejects.toThrow();
    await expectService(house, 0);
  });
});

it('a log of another store is set aside, and nothing of the own one is lost', async () => {
  const house = await stopped();
  const other = storePath();
  const { commit } = openStore(other);
  for (let seq = 1; seq <= 50; seq += 1) commit(put(seq));
  copyFileSync(`${other}-wal`, `${storeOf(house)}-wal`);
  await house.gateway.start();
  expect((await house.gateway.status()).store.recovery[0]).toContain("was another store's");
  await expectService(house, BACKLOG);
});

it('a store of a newer program is refused, and nothing is touched', async () => {
  const house = await stopped();
  const database = new Sqlite(storeOf(house));
  database.pragma('user_version = 99');
  database.close();
  const before = filesIn(house.stateDir);
  house.gateway.spawn();
  expect(await house.gateway.ended()).toBe(EXIT.storage);
  expect(house.gateway.journal).toContain('has schema 99');
  expect(filesIn(house.stateDir)).toEqual(before);
});

function filesIn(folder: string): Record<string, string> {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'base64')]));
}
