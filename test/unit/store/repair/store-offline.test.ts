/** Offline reading of a damaged store: it reports what the next opening finds, and changes nothing. */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, it } from 'vitest';
import { readStoreOffline } from '../../../../src/store/offline.ts';
import { openStore, put, settle, storePath } from '../store-rig.ts';

/** Store closed in order, with two of three messages of one lane pending. */
async function written(): Promise<string> {
  const path = storePath();
  const { commit, store } = openStore(path);
  commit({ kind: 'subdevice', row: { lane: 1, id: 'pump', lasting: true, link: 'a' } }, put(1), put(2), put(3));
  commit(settle(1));
  await store.close();
  return path;
}

const look = async (path: string) => await readStoreOffline(dirname(path));

it('finds no problem in a healthy store', async () => {
  const reading = await look(await written());
  expect(reading).toMatchObject({ findings: [], lanes: [{ subdevice: 'pump', pending: 2, counts: { accepted: 3 } }] });
});

it.each([
  ['counters that were damaged', 'UPDATE ledger SET accepted = accepted + 64'],
  ['counters of which nothing can be read', "UPDATE ledger SET shed = 'x'"],
])('reports %s, and counts what the next opening will count', async (_what, sql) => {
  const path = await written();
  const database = new Sqlite(path);
  database.exec(sql);
  database.close();
  const before = readFileSync(path);
  const reading = await look(path);
  expect(reading?.findings).toEqual([expect.stringContaining('table ledger')]);
  expect(readFileSync(path).equals(before)).toBe(true);
  const { opening } = openStore(path);
  expect(opening.recovery).toEqual(reading?.findings);
  expect(reading?.lanes[0]?.counts).toEqual(opening.counts[0]?.counts);
});

it('reports messages that the store has lost, as the next opening does', async () => {
  const path = await written();
  const older = readFileSync(path);
  const { commit, store } = openStore(path);
  commit(put(9_000_000_000), put(9_000_000_001));
  await store.close();
  writeFileSync(path, older);
  const reading = await look(path);
  expect(reading?.findings).toEqual([expect.stringContaining('2 messages in them')]);
  const { opening } = openStore(path);
  expect(opening).toMatchObject({ losses: [{ messages: 2 }], recovery: reading?.findings });
  expect(reading?.lanes[0]?.counts).toEqual(opening.counts[0]?.counts);
});
