/** Dead letters on disk: stored, read in pages, removed; the ledger changes with them. */
import { readdirSync, readFileSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/custody/change.ts';
import { DEAD_LETTERS_MAX } from '../../../src/custody/dead-letter.ts';
import { alarmLaneOf } from '../../../src/custody/lane-number.ts';
import { openStore, put, ROW_BYTES, row, storePath, tamper } from './store-rig.ts';

const ALL = { after: 0, limit: 100 };

function deadLetter(seq: number, lane = 1): Change {
  return { kind: 'deadLetter', direction: 'uplink', lane, seq, bytes: ROW_BYTES, reason: 'no PUBACK', attempts: 3 };
}

function removeDeadLetter(letter: number, outcome: 'retried' | 'dropped', lane = 1): Change {
  return { kind: 'removeDeadLetter', direction: 'uplink', lane, letter, outcome };
}

describe('a dead letter on disk', () => {
  it('is the original message, with its checksum', async () => {
    const { store, commit } = openStore(storePath());
    commit(put(1), put(2), deadLetter(2));
    const page = await store.letters(ALL);
    expect(page).toMatchObject({ kept: 1, newest: 1 });
    expect(page.letters).toEqual([{ id: 1, row: row(2), attempts: 3, reason: 'no PUBACK', isWhole: true }]);
  });

  it('returns to custody in one transaction, in any lane', async () => {
    const path = storePath();
    const { store, commit } = openStore(path);
    commit(put(1), deadLetter(1));
    commit(put(2, alarmLaneOf(1)), removeDeadLetter(1, 'retried'));
    expect(await store.letters(ALL)).toMatchObject({ kept: 0, newest: 0 });
    const { counts, rows } = await store.tally();
    expect(counts).toMatchObject([
      { lane: 1, counts: { accepted: 0, dead: 0 } },
      { lane: alarmLaneOf(1), counts: { accepted: 1 } },
    ]);
    expect(rows).toMatchObject([{ lane: alarmLaneOf(1), rows: 1 }]);
    await store.close();
    expect(openStore(path).opening.backlog).toMatchObject([{ lane: alarmLaneOf(1), rows: 1, bytes: ROW_BYTES }]);
  });

  it('that was already removed changes no counter: the message with it is a new one', async () => {
    const { store, commit } = openStore(storePath());
    commit(put(1), deadLetter(1));
    commit(put(2), removeDeadLetter(7, 'retried'));
    commit(removeDeadLetter(7, 'dropped'));
    expect((await store.tally()).counts).toMatchObject([{ counts: { accepted: 2, dead: 1, shed: {} } }]);
  });

  it('that is dropped is shed', async () => {
    const { store, commit } = openStore(storePath());
    commit(put(1), deadLetter(1), removeDeadLetter(1, 'dropped'));
    const [lane] = (await store.tally()).counts;
    expect(lane?.counts).toMatchObject({ accepted: 1, dead: 0, shed: { 'dropped by hand': 1 } });
  });

  it('never gets the number of one that was removed', async () => {
    const path = storePath();
    const first = openStore(path);
    first.commit(put(1), deadLetter(1), removeDeadLetter(1, 'dropped'));
    await first.store.close();
    const { store, commit } = openStore(path);
    commit(put(2), deadLetter(2));
    expect((await store.letters(ALL)).letters.map(({ id }) => id)).toEqual([2]);
  });

  it('that was damaged by the medium is distinguished from an intact one', async () => {
    const path = storePath();
    const first = openStore(path);
    first.commit(put(1), put(2), deadLetter(1), deadLetter(2));
    await first.store.close();
    tamper(path, "UPDATE dead_letter SET payload = x'010299' WHERE id = 1");
    const { letters } = await openStore(path).store.letters(ALL);
    expect(letters.map(({ isWhole }) => isWhole)).toEqual([false, true]);
  });
});

describe('the table of dead letters', () => {
  it('is read in pages, bounded in bytes too, or by number', async () => {
    const { store, commit } = openStore(storePath());
    const large = (seq: number): Change => ({
      kind: 'put',
      direction: 'uplink',
      row: row(seq, 1, { payload: new Uint8Array(600_000) }),
    });
    commit(large(1), large(2), put(3), ...[1, 2, 3].map((seq) => deadLetter(seq)));
    const idsOf = async (request: Parameters<typeof store.letters>[0]) =>
      (await store.letters(request)).letters.map(({ id }) => id);
    expect(await idsOf(ALL)).toEqual([1]);
    expect(await idsOf({ after: 1, limit: 100 })).toEqual([2, 3]);
    expect(await idsOf({ after: 1, limit: 1 })).toEqual([2]);
    expect(await idsOf({ ...ALL, only: [3, 9] })).toEqual([3]);
  });

  it('keeps the newest ten thousand; the ledger still counts the removed ones', async () => {
    const { store, commit } = openStore(storePath());
    const seqs = Array.from({ length: DEAD_LETTERS_MAX + 1 }, (_, index) => index + 1);
    commit(...seqs.map((seq) => put(seq)), ...seqs.map((seq) => deadLetter(seq)));
    const page = await store.letters({ after: 0, limit: 1 });
    expect(page.kept).toBeLessThanOrEqual(DEAD_LETTERS_MAX);
    expect(page.kept).toBeGreaterThan(DEAD_LETTERS_MAX - 200);
    expect(page.newest).toBe(DEAD_LETTERS_MAX + 1);
    expect(page.dead).toBe(DEAD_LETTERS_MAX + 1);
  });

  it('of an earlier schema is kept, with its numbers', async () => {
    const path = storePath();
    const folder = new URL('../../../src/store/migrations/', import.meta.url);
    const before = new Sqlite(path);
    for (const name of readdirSync(folder).sort().slice(0, 2)) before.exec(readFileSync(new URL(name, folder), 'utf8'));
    before.exec(`PRAGMA user_version = 2;
      INSERT INTO dead_letter VALUES (5, 'uplink', 9, 1, 1, 1, 7, 'a/b', x'01', 3, 'no PUBACK')`);
    before.close();
    const { letters } = await openStore(path).store.letters(ALL);
    expect(letters).toMatchObject([{ id: 5, attempts: 3, isWhole: true, row: { seq: 9, lane: 1, topic: 'a/b' } }]);
  });
});

it('the filters by which the outbox was sorted are known to the next opening', async () => {
  const path = storePath();
  const { store, commit, opening } = openStore(path);
  expect(opening.alarmTopics).toEqual([]);
  commit({ kind: 'alarmTopics', filters: ['alarm', '+/alarm'] });
  commit({ kind: 'alarmTopics', filters: ['fire', 'door'] });
  await store.close();
  expect(openStore(path).opening.alarmTopics.toSorted()).toEqual(['door', 'fire']);
});
