import { closeSync, copyFileSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { countsOf } from '../../../src/custody/change.ts';
import { addCounts, imbalance, ZERO } from '../../../src/custody/ledger.ts';
import { SEQ_BLOCK } from '../../../src/custody/sequence.ts';
import { assertDurable, openDatabase, openReadOnly } from '../../../src/store/database.ts';
import { openStore, put, ROW_BYTES, row, settle, storePath, tamper } from './store-rig.ts';

/** Place of `user_version` in a database file (SQLite file format §1.3). */
const USER_VERSION_AT = 60;
const UPLINKS = { direction: 'uplink', lanes: new Map([[1, { from: 0, rows: 100 }]]), limit: 100 } as const;

describe('a committed change', () => {
  it('is present after a restart, for every kind of change', async () => {
    const path = storePath();
    const first = openStore(path);
    const changedAt = { epoch: 1, upMs: 99 };
    first.commit(
      { kind: 'subdevice', row: { lane: 1, id: 'pump', lasting: true, link: 'a' } },
      { kind: 'subdevice', row: { lane: 2, id: 'valve', lasting: false, link: 'b' } },
      { kind: 'subscribe', row: { lane: 1, filter: 'p/#', qos: 1 } },
      { kind: 'subscribe', row: { lane: 1, filter: 'q', qos: 0 } },
      { kind: 'unsubscribe', lane: 1, filter: 'q' },
      { kind: 'topicId', lane: 1, topicId: 5, topic: 'x' },
      { kind: 'topicId', lane: 1, topicId: 6, topic: 'released' },
      { kind: 'topicId', lane: 2, topicId: 6, topic: 'of another' },
      { kind: 'topicIdGone', lane: 1, topicId: 6 },
      { kind: 'subscribe', row: { lane: 2, filter: 'v', qos: 1 } },
      { kind: 'topicId', lane: 2, topicId: 6, topic: 'y' },
      { kind: 'cleanSession', lane: 2 },
      { kind: 'filterGranted', filter: 'p/#' },
      { kind: 'filterGranted', filter: 'q' },
      { kind: 'filterGone', filter: 'q' },
      { kind: 'hubGap', gap: { reason: 'session lost', from: changedAt } },
      { kind: 'hubSession', row: { expected: true, connected: true, changedAt, owner: 9, lostCount: 2 } },
      { kind: 'backlogLimit', limit: { kind: 'pause', tenthsPerS: 0, since: changedAt, forMs: 60_000 } },
      { kind: 'backlogLimit', limit: { kind: 'rate', tenthsPerS: 25, since: changedAt, forMs: 70_000 } },
      { kind: 'backlogLimitGone', of: 'pause' },
      { kind: 'machine', evidence: { board: 'b1', medium: 'm1', machineId: 'i1', adapters: 'a1' } },
      { kind: 'machine', evidence: { board: 'b2', medium: '', machineId: 'i1', adapters: 'a1 a2' } },
      { kind: 'trustWall', wallMinusUpMs: 1_780_000_000_000 },
      put(1),
      { kind: 'put', direction: 'downlink', row: row(1, 2) },
    );
    expect(first.events).toEqual([1]);
    await first.store.close();
    const { opening, store } = openStore(path);
    expect(opening).toMatchObject({
      subdevices: [
        { lane: 1, id: 'pump', lasting: true, link: 'a' },
        { lane: 2, id: 'valve', lasting: false, link: 'b' },
      ],
      subscriptions: [{ lane: 1, filter: 'p/#', qos: 1 }],
      topicIds: [{ lane: 1, topicId: 5, topic: 'x' }],
      grantedFilters: ['p/#'],
      hubGap: { reason: 'session lost', from: changedAt },
      hubSession: { expected: true, connected: true, changedAt, owner: 9, lostCount: 2 },
      backlogLimits: [{ kind: 'rate', tenthsPerS: 25, since: changedAt, forMs: 70_000 }],
      machine: { board: 'b2', medium: '', machineId: 'i1', adapters: 'a1 a2' },
      backlog: [
        { direction: 'uplink', lane: 1, rows: 1, bytes: ROW_BYTES },
        { direction: 'downlink', lane: 2, rows: 1, bytes: ROW_BYTES },
      ],
    });
    expect(opening.epochs.get(1)?.wallMinusUpMs).toBe(1_780_000_000_000);
    expect(await store.page(UPLINKS)).toEqual({ rows: [row(1)], scannedTo: 1, atEnd: true, damaged: [] });
  });

  it('changes the ledger in the same transaction, or not at all', async () => {
    const { commit, store, events } = openStore(storePath());
    commit(put(1), put(2), settle(1));
    commit(put(3), put(2)); // A number that is used twice is a bug: nothing of this commit is stored.
    expect(events[1]).toMatch(/^failed/);
    expect(await Promise.race([store.tally(), 'silence'])).toBe('silence');
  });

  it('keeps the ledger and the rows in balance', async () => {
    const { commit, store } = openStore(storePath());
    const batches = [
      [put(1), put(2), put(3), put(4, 2)],
      [
        settle(1),
        { kind: 'deadLetter', direction: 'uplink', lane: 1, seq: 2, bytes: ROW_BYTES, reason: 'x', attempts: 3 },
      ],
      [{ kind: 'count', direction: 'uplink', lane: 1, counts: { ...ZERO, accepted: 5, delivered: 5 } }],
      [
        {
          kind: 'settle',
          direction: 'uplink',
          lane: 2,
          seq: 4,
          bytes: ROW_BYTES,
          outcome: { as: 'shed', reason: 'expired' },
        },
      ],
    ] as const;
    for (const batch of batches) commit(...batch);
    const tally = await store.tally();
    for (const lane of [1, 2]) {
      const counts = tally.counts.find((one) => one.lane === lane)?.counts ?? ZERO;
      const expected = batches
        .flat()
        .flatMap((change) => countsOf(change) ?? [])
        .filter((one) => one.lane === lane);
      expect(counts).toEqual(expected.reduce((sum, one) => addCounts(sum, one.counts), ZERO));
      expect(imbalance(counts, tally.rows.find((one) => one.lane === lane)?.rows ?? 0)).toBe(0);
    }
  });

  it('counts no settlement of a missing row', async () => {
    const { commit, store } = openStore(storePath());
    commit(settle(7));
    expect((await store.tally()).counts).toEqual([]);
  });

  it('is read back page by page, each lane from the requested number', async () => {
    const { commit, store } = openStore(storePath());
    commit(...[1, 2, 3, 4, 5, 6].map((seq) => put(seq, 1 + (seq % 2))));
    const lanes = new Map([
      [1, { from: 3, rows: 9 }],
      [2, { from: 5, rows: 9 }],
    ]);
    const page = await store.page({ direction: 'uplink', lanes, limit: 2 });
    expect([page.rows.map(({ seq }) => seq), page.scannedTo, page.atEnd]).toEqual([[4, 5], 5, false]);
  });

  it('is read no further than to the last row that a lane wants', async () => {
    const { commit, store } = openStore(storePath());
    commit(...[1, 2, 3, 4, 5, 6].map((seq) => put(seq, 1 + (seq % 2))));
    const lanes = new Map([
      [1, { from: 0, rows: 2 }],
      [2, { from: 0, rows: 1 }],
    ]);
    const page = await store.page({ direction: 'uplink', lanes, limit: 100 });
    expect([page.rows.map(({ seq }) => seq), page.scannedTo, page.atEnd]).toEqual([[1, 2, 4], 4, false]);
  });

  it('is read in the same page as a lane with many earlier rows', async () => {
    const { commit, store } = openStore(storePath());
    const earlier = Array.from({ length: 3000 }, (_, place) => put(1 + place, 1));
    commit(...earlier, put(3001, 2));
    const lanes = new Map([
      [1, { from: 1, rows: 2 }],
      [2, { from: 3001, rows: 9 }],
    ]);
    const page = await store.page({ direction: 'uplink', lanes, limit: 100 });
    expect([page.rows.map(({ seq }) => seq), page.scannedTo, page.atEnd]).toEqual([[1, 2, 3001], 3001, true]);
  });
});

describe('message numbers', () => {
  it('are never used again, even if no message with them was written', async () => {
    const path = storePath();
    const first = openStore(path);
    expect(first.opening.nextSeq).toEqual({ uplink: 1, downlink: 1 });
    await first.store.close();
    const second = openStore(path);
    expect(second.opening.nextSeq).toEqual({ uplink: 1 + SEQ_BLOCK, downlink: 1 + SEQ_BLOCK });
    second.commit({ kind: 'reserveSeq', direction: 'uplink', reservedTo: 9 * SEQ_BLOCK });
    await second.store.close();
    expect(openStore(path).opening.nextSeq).toEqual({ uplink: 9 * SEQ_BLOCK, downlink: 1 + 2 * SEQ_BLOCK });
  });
});

describe('boots', () => {
  it('are distinguished by their id, and a restart within one continues it', async () => {
    const path = storePath();
    const open = async (bootId: string, upMs: number) => {
      const { opening, store } = openStore(path, { bootId, upMs });
      await store.close();
      return opening.now;
    };
    expect(await open('one', 1000.7)).toEqual({ epoch: 1, upMs: 1000 });
    expect(await open('one', 9000)).toEqual({ epoch: 1, upMs: 9000 });
    expect(await open('two', 50)).toEqual({ epoch: 2, upMs: 50 });
    const { opening } = openStore(path, { bootId: 'two', upMs: 60 });
    expect([...opening.epochs.values()].map(({ bootId, lastUpMs }) => [bootId, lastUpMs])).toEqual([
      ['one', 5000],
      ['two', 60],
    ]);
  });
});

describe('durability', () => {
  it('is verified: WAL with synchronous FULL, also after a write and a reopening', () => {
    const path = storePath();
    for (const _ of [1, 2]) {
      const database = openDatabase(path);
      database.exec('CREATE TABLE IF NOT EXISTS probe (x); INSERT INTO probe VALUES (1)');
      expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
      expect(() => assertDurable(database, path)).not.toThrow();
      database.close();
    }
  });

  it('negative control: without the setting the library uses NORMAL from the first write on', () => {
    const path = storePath();
    const database = new Sqlite(path);
    database.pragma('journal_mode = WAL');
    database.exec('CREATE TABLE probe (x)');
    expect(() => assertDurable(database, path)).toThrow('synchronous is 1, not FULL');
    database.close();
  });
});

describe('a file that cannot be used', () => {
  it('of a newer schema is rejected and left unchanged', async () => {
    const path = storePath();
    const { commit, store } = openStore(path);
    commit(put(1));
    await store.close();
    tamper(path, 'PRAGMA user_version = 99');
    const before = readFileSync(path);
    expect(() => openStore(path)).toThrow('store-newer');
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('of a newer schema stays unchanged with its WAL, and no file appears beside it', async () => {
    const path = storePath();
    const { commit, store } = openStore(path);
    for (let seq = 1; seq <= 20; seq += 1) commit(put(seq));
    // as after a kill: the WAL has commits that are not in the file
    const copy = storePath();
    for (const end of ['', '-wal']) copyFileSync(`${path}${end}`, `${copy}${end}`);
    await store.close();
    const header = openSync(copy, 'r+');
    writeSync(header, Buffer.from([0, 0, 0, 99]), 0, 4, USER_VERSION_AT);
    closeSync(header);
    const files = (): Record<string, string> =>
      Object.fromEntries(
        readdirSync(dirname(copy)).map((name) => [name, readFileSync(join(dirname(copy), name), 'hex')]),
      );
    const before = files();
    expect(Object.keys(before)).toContain(`${basename(copy)}-wal`);
    expect(() => openStore(copy)).toThrow('store-newer');
    expect(() => openReadOnly(copy)).toThrow('schema 99');
    expect(files()).toEqual(before);
  });

  it('that is locked by another process is rejected', async () => {
    const path = storePath();
    const { store } = openStore(path);
    expect(() => openStore(path)).toThrow('store-locked');
    await store.close();
    expect(openStore(path).opening.backlog).toEqual([]);
  });
});

it('opening reads no row of the backlog, for ten rows as for a hundred thousand', async () => {
  const statements: string[][] = [];
  for (const rows of [10, 100_000]) {
    const path = storePath();
    const { commit, store } = openStore(path);
    commit(...Array.from({ length: rows }, (_, index) => put(index + 1)));
    await store.close();
    const asked: string[] = [];
    openDatabase(path).close();
    const database = new Sqlite(path, { verbose: (sql) => asked.push(String(sql)) });
    database.pragma('synchronous = FULL');
    const { opening } = openStore(path, { database });
    expect(opening.backlog).toEqual([{ direction: 'uplink', lane: 1, rows, bytes: rows * ROW_BYTES }]);
    database.close();
    expect(asked.length).toBeGreaterThan(5);
    expect(asked.filter((sql) => /\b(outbox|inbox)\b/.test(sql))).toEqual([]);
    statements.push(asked);
  }
  expect(statements[0]?.length).toBe(statements[1]?.length);
});
