/** A corrupt store: set aside, read row by row, and every message accounted for. */
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../../../../src/base/random.ts';
import type { Change } from '../../../../src/custody/change.ts';
import { imbalance } from '../../../../src/custody/ledger.ts';
import { PAGE_BYTES } from '../../../../src/store/database.ts';
import { IS_LONG_RUN } from '../../../long-run.ts';
import { type OpenedStore, openStore, put, row, settle, storePath } from '../store-rig.ts';

const SECTOR_BYTES = 512;
const ROWS = 5000;
/** Type of an inner page of a table (SQLite file format §1.6). */
const INNER_PAGE = 5;

/** Files of a filled store by its number of rows: filled once, and copied for each test. */
const FILLED = new Map<number, ReadonlyMap<string, Buffer>>();

/** Closed store of `ROWS` uplinks in four lanes, of which every tenth was delivered. */
async function filledStore(rows = ROWS): Promise<string> {
  const files = FILLED.get(rows) ?? (await fill(rows));
  FILLED.set(rows, files);
  const path = storePath();
  for (const [name, bytes] of files) writeFileSync(join(dirname(path), name), bytes);
  return path;
}

async function fill(rows: number): Promise<ReadonlyMap<string, Buffer>> {
  const path = storePath();
  const { commit, store } = openStore(path);
  const puts: Change[] = Array.from({ length: rows }, (_, index) => {
    const payload = new Uint8Array(190).fill(index % 251);
    return { kind: 'put', direction: 'uplink', row: row(index + 1, 1 + (index % 4), { payload }) };
  });
  for (let from = 0; from < rows; from += 1000) commit(...puts.slice(from, from + 1000));
  const delivered = puts.flatMap((_, index) => (index % 10 === 0 ? [settleAt(index + 1)] : []));
  commit(...delivered);
  await store.close();
  const folder = dirname(path);
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
}

function settleAt(seq: number): Change {
  return { ...settle(seq, 1 + ((seq - 1) % 4)), bytes: 233 } as Change;
}

/**
 * @returns number of damaged inner pages of a table: each leads to about 110 leaves, which cannot be found without it
 */
function smash(path: string, sectors: number, random: Random): number {
  const pages = readFileSync(path);
  let inner = 0;
  const file = openSync(path, 'r+');
  const count = Math.floor(statSync(path).size / SECTOR_BYTES);
  for (let smashed = 0; smashed < sectors; smashed += 1) {
    const noise = Uint8Array.from({ length: SECTOR_BYTES }, () => Math.floor(random() * 256));
    // Not the first pages: without the schema nothing can be read (separate test).
    const sector = 64 + Math.floor(random() * (count - 64));
    writeSync(file, noise, 0, SECTOR_BYTES, sector * SECTOR_BYTES);
    if (pages[Math.floor(sector / 2) * 2 * SECTOR_BYTES] === INNER_PAGE) inner += 1;
  }
  closeSync(file);
  return inner;
}

interface Found {
  readonly pending: number;
  readonly damaged: number;
  readonly off: number;
}

async function tally({ store }: OpenedStore): Promise<Found> {
  const { counts, rows } = await store.tally();
  const pendingOf = (lane: number): number => rows.find((one) => one.lane === lane)?.rows ?? 0;
  return {
    pending: rows.reduce((sum, one) => sum + one.rows, 0),
    damaged: counts.reduce((sum, one) => sum + one.counts.damaged, 0),
    off: counts.reduce((sum, one) => sum + Math.abs(imbalance(one.counts, pendingOf(one.lane))), 0),
  };
}

function numbersIn(sentence: string | undefined): number[] {
  return [...(sentence ?? '').matchAll(/(\d+) (?=messages were salvaged|were damaged|unreadable)/g)].map(([, found]) =>
    Number(found),
  );
}

/** The last process found the store corrupt. */
function reopen(path: string): OpenedStore {
  return openStore(path, { suspect: true });
}

describe('a store with smashed sectors', () => {
  it.each(IS_LONG_RUN ? [1, 2, 3, 5, 8, 20, 40, 80] : [1, 5, 40])(
    '(%i of them) is salvaged, and the counts are exact',
    async (sectors) => {
      for (let seed = 1; seed <= 3; seed += 1) {
        const path = await filledStore();
        const inner = smash(path, sectors, seededRandom(1000 * sectors + seed));
        const opened = reopen(path);
        const found = await tally(opened);
        const pending = ROWS * 0.9;
        expect(found).toEqual({ pending: found.pending, damaged: pending - found.pending, off: 0 });
        const [salvaged = 0, damaged = 0, unreadable = 0] = numbersIn(opened.opening.recovery[0]);
        if (opened.opening.recovery.length > 0)
          expect([salvaged, damaged + unreadable]).toEqual([found.pending, pending - salvaged]);
        expect(found.pending).toBeGreaterThan(pending - 12 * sectors - 460 * inner);
        const page = await opened.store.page({
          direction: 'uplink',
          lanes: new Map([[1, { from: 0, rows: 5000 }]]),
          limit: 5000,
        });
        expect(page.rows.every(({ seq, payload }) => payload[0] === (seq - 1) % 251)).toBe(true);
        await opened.store.close();
      }
    },
  );

  it('negative control: a reading in one query loses everything after the first damaged page', async () => {
    const path = await filledStore();
    smash(path, 20, seededRandom(7));
    const database = new Sqlite(path, { readonly: true });
    let read = 0;
    expect(() => {
      for (const _ of database.prepare('SELECT * FROM outbox').iterate()) read += 1;
    }).toThrow();
    database.close();
    expect((await tally(reopen(path))).pending).toBeGreaterThan(read);
  });

  it('has its new messages after the old ones, and no number twice', async () => {
    const path = await filledStore(500);
    smash(path, 3, seededRandom(3));
    const { opening } = reopen(path);
    expect(opening.nextSeq.uplink).toBeGreaterThan(500);
  });
});

it.each([
  ['first page', 0],
  ['schema', 100], // the header of the file takes 100 octets (SQLite file format §1.3)
])('a store without its %s gives its messages back, from the bytes of the other pages', async (_what, from) => {
  const path = await filledStore(500);
  const bytes = readFileSync(path);
  bytes.fill(0xa5, from, PAGE_BYTES);
  writeFileSync(path, bytes);
  const opened = openStore(path);
  expect(opened.opening.recovery[0]).toContain('the number of missing messages is unknown');
  expect((await tally(opened)).pending).toBe(450);
  await opened.store.close();
});

describe('a file that is', () => {
  it.each([
    ['garbage', (path: string) => writeFileSync(path, Buffer.alloc(50_000, 0xa5))],
    ['cut short', (path: string) => truncateSync(path, Math.floor(statSync(path).size / 2))],
    ['empty where a store was', (path: string) => writeFileSync(path, '')],
  ])('%s is set aside, byte by byte unchanged, and a new store begins', async (_what, spoil) => {
    const path = await filledStore(500);
    writeFileSync(join(dirname(path), 'reserve'), '');
    spoil(path);
    const spoiled = readFileSync(path);
    const opened = openStore(path);
    expect(opened.opening.recovery[0]).toContain('the store was corrupt');
    expect(readFileSync(join(dirname(path), 'quarantine/1/holdfast.db')).equals(spoiled)).toBe(true);
    opened.commit(put(9_000_000_000));
    expect([opened.events, (await tally(opened)).off]).toEqual([[1], 0]);
    await opened.store.close();
    const again = openStore(path);
    expect(again.opening.recovery).toEqual([expect.stringContaining('is kept in')]);
    await again.store.close();
  });

  it('empty from its creation is a new store', async () => {
    const path = storePath();
    writeFileSync(path, '');
    expect(openStore(path).opening.recovery).toEqual([]);
  });

  it('suspect and healthy at a second check is used unchanged', async () => {
    const path = await filledStore(100);
    const opened = reopen(path);
    expect(opened.opening.recovery).toEqual([]);
    expect((await tally(opened)).pending).toBe(90);
    expect(existsSync(join(dirname(path), 'quarantine'))).toBe(false);
  });

  it('next to the WAL of another store keeps its own messages; the WAL is set aside', async () => {
    const path = await filledStore(500);
    const other = storePath();
    const { commit } = openStore(other);
    for (let seq = 1; seq <= 200; seq += 1) commit(put(seq, 7));
    copyFileSync(`${other}-wal`, `${path}-wal`);
    const opened = openStore(path);
    expect(opened.opening.recovery[0]).toContain('belonged to another store');
    expect(await tally(opened)).toEqual({ pending: 450, damaged: 0, off: 0 });
  });
});

describe('an interrupted recovery', () => {
  /** Damaged store whose last messages are only in the WAL. */
  async function spoiledWithLog(): Promise<string> {
    const path = await filledStore(1000);
    const copy = storePath();
    copyFileSync(path, copy);
    const { commit } = openStore(copy);
    commit(...[2001, 2002, 2003].map((seq) => put(seq, 1)));
    copyFileSync(copy, path);
    copyFileSync(`${copy}-wal`, `${path}-wal`);
    smash(path, 3, seededRandom(11));
    return path;
  }

  async function whatIsLeft(path: string): Promise<number> {
    const opened = openStore(path);
    const { pending, damaged, off } = await tally(opened);
    expect([pending + damaged, off]).toEqual([903, 0]);
    await opened.store.close();
    return pending;
  }

  it.each([
    ['before the WAL was moved', ['holdfast.db']],
    ['before anything was read', ['holdfast.db', 'holdfast.db-wal']],
    ['in the middle of the new file', ['holdfast.db', 'holdfast.db-wal', 'salvaged.db']],
  ])('%s is started again, with the messages of the WAL', async (_when, moved) => {
    const path = await spoiledWithLog();
    const whole = await spoiledWithLog();
    const expected = await whatIsLeft(whole);
    const folder = join(dirname(path), 'quarantine/1');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'salvaged.db'), Buffer.alloc(3000, 7));
    const kept = moved.filter((name) => name !== 'salvaged.db');
    for (const name of kept) renameSync(join(dirname(path), name), join(folder, name));
    const bytes = kept.map((name) => readFileSync(join(folder, name)));
    expect(await whatIsLeft(path)).toBe(expected);
    expect(kept.map((name) => readFileSync(join(folder, name)))).toEqual(bytes); // Reading has moved no WAL into its file.
  });

  it('before the new file took its place is finished', async () => {
    const path = await spoiledWithLog();
    const expected = await whatIsLeft(path);
    renameSync(path, join(dirname(path), 'quarantine/1/salvaged.db'));
    expect(await whatIsLeft(path)).toBe(expected);
  });
});
