/**
 * Bit rot in records other than messages: one flipped bit in any value of any table is found, reported, and repaired.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../../src/base/random.ts';
import type { Change } from '../../../../src/custody/change.ts';
import { imbalance } from '../../../../src/custody/ledger.ts';
import type { StoreOpening } from '../../../../src/custody/row.ts';
import { SEQ_BLOCK } from '../../../../src/custody/sequence.ts';
import { openDatabase, PAGE_BYTES } from '../../../../src/store/database.ts';
import { CHECKED_TABLES, type CheckedTable, defineChecksum } from '../../../../src/store/repair/row-checksums.ts';
import { type OpenedStore, openStore, put, row, settle, storePath, tamper } from '../store-rig.ts';
import { flipped } from './bit-rot-rig.ts';

const CHANGED_AT = { epoch: 1, upMs: 99 };
const CHANGES: readonly Change[] = [
  { kind: 'subdevice', row: { lane: 1, id: 'pump', lasting: true, link: 'a' } },
  { kind: 'subscribe', row: { lane: 1, filter: 'gw/pump/cmd', qos: 1 } },
  { kind: 'topicId', lane: 1, topicId: 5, topic: 'temperature' },
  { kind: 'will', row: { lane: 1, topic: 'lost', qos: 1, payload: Uint8Array.of(7, 8), aliveMs: 90_000 } },
  { kind: 'filterGranted', filter: 'gw/pump/cmd' },
  { kind: 'hubSession', row: { expected: true, connected: true, changedAt: CHANGED_AT, owner: 9, lostCount: 2 } },
  { kind: 'alarmTopics', filters: ['alarm'] },
  { kind: 'trustWall', wallMinusUpMs: 1_780_000_000_000 },
  { kind: 'slept', atUpMs: 40 },
  { kind: 'hubGap', gap: { reason: 'session lost', from: CHANGED_AT } },
  ...[1, 2, 3, 4].map((seq) => put(seq)),
  settle(1),
  { kind: 'commandMark', mark: { lane: 1, topic: 'hash of a topic', last: 'hash 1', retained: 'hash 2' } },
  { kind: 'hold', hold: { direction: 'uplink', subdevice: 1, filter: 'a/#', since: CHANGED_AT } },
  { kind: 'backlogLimit', limit: { kind: 'pause', tenthsPerS: 0, since: CHANGED_AT, forMs: 60_000 } },
  { kind: 'machine', evidence: { board: 'b1', medium: 'm1', machineId: 'i1', adapters: 'a1 a2' } },
  { kind: 'put', direction: 'downlink', row: row(1) },
];

/** A store that uses every table, closed in order. */
async function written(): Promise<string> {
  const path = storePath();
  const { commit, store } = openStore(path);
  commit(...CHANGES);
  await store.close();
  tamper(path, "INSERT INTO loss (epoch, up_ms, messages, unknown) VALUES (1, 7, 2, 'unknown rows')");
  return path;
}

type Value = string | number | bigint | Buffer | null;

function flipValue(value: Value): Value {
  if (typeof value === 'number' || typeof value === 'bigint') return BigInt(value) ^ 4n;
  if (Buffer.isBuffer(value)) return Buffer.concat([Buffer.of((value[0] ?? 0) ^ 4), value.subarray(1)]);
  return value === null ? 1 : String.fromCharCode(value.charCodeAt(0) ^ 1) + value.slice(1);
}

/** Changes the first row of the table, by a connection that does not update row checksums. */
function flipIn(path: string, table: CheckedTable, column: string): void {
  const database = new Sqlite(path);
  const values = database.prepare(`SELECT * FROM ${table}`).get() as Record<string, Value>;
  const where = Object.keys(values).map((name) => `${name} IS ?`);
  const flip = `UPDATE ${table} SET ${column} = ? WHERE ${where.join(' AND ')}`;
  database.pragma('ignore_check_constraints = ON');
  expect(database.prepare(flip).run(flipValue(values[column] ?? null), ...Object.values(values)).changes).toBe(1);
  database.close();
}

const probe = openDatabase(':memory:');
const EVERY_COLUMN = CHECKED_TABLES.flatMap((table) =>
  (probe.pragma(`table_info(${table})`) as { name: string }[])
    .filter(({ name }) => name !== 'one') // SQLite itself has a CHECK there, and the file is salvaged as a whole.
    .map(({ name }) => [table, name] as const),
);

async function imbalanceOf({ store }: OpenedStore): Promise<number> {
  const { counts, rows } = await store.tally();
  return counts.reduce((sum, { direction, lane, counts: sums }) => {
    const found = rows.find((one) => one.direction === direction && one.lane === lane);
    return sum + Math.abs(imbalance(sums, found?.rows ?? 0));
  }, 0);
}

describe('a flipped bit', () => {
  it.each(EVERY_COLUMN)('in %s.%s is reported once, and the ledger balances', async (table, column) => {
    const path = await written();
    flipIn(path, table, column);
    const opened = openStore(path);
    expect(opened.opening.recovery).toEqual([expect.stringContaining(`1 damaged rows in table ${table} of the store`)]);
    expect(opened.opening.damagedRecords).toBe(1);
    const isUnknown = table === 'ledger' || table === 'loss';
    const losses = [...(table === 'loss' ? [] : [{ messages: 2 }]), ...(isUnknown ? [{ messages: 0 }] : [])];
    expect(opened.opening.losses).toMatchObject(losses);
    expect(await imbalanceOf(opened)).toBe(0);
    const page = await opened.store.page({
      direction: 'uplink',
      lanes: new Map([[1, { from: 0, rows: 9 }]]),
      limit: 9,
    });
    expect(page.rows.map(({ seq }) => seq)).toEqual([2, 3, 4]);
    opened.commit(settle(2), put(SEQ_BLOCK * 9), ...CHANGES.slice(0, 7));
    expect(opened.events).toEqual([1]);
    await opened.store.close();
    expect(openStore(path).opening).toMatchObject({ recovery: [], damagedRecords: 0 });
  });

  it('negative control: is not detected without the row checksums', async () => {
    const path = await written();
    flipIn(path, 'ledger', 'accepted');
    const database = openDatabase(path);
    expect(database.prepare('SELECT accepted, delivered FROM ledger').get()).toEqual({ accepted: 0, delivered: 1 });
    database.close();
  });

  it('in the head of any page, or anywhere else, is reported or changes nothing in the content of the store', async () => {
    const bytes = readFileSync(await written());
    const whole = wordsOf(openFlipped(bytes)?.opening);
    const seen = { reported: 0, harmless: 0, silent: 0 };
    for (const [position, bit] of [...headBits(bytes), ...anyBits(bytes, 100)]) {
      const opened = openFlipped(flipped(bytes, position, bit));
      if (opened === undefined || opened.opening.recovery.length > 0) seen.reported += 1;
      else seen[wordsOf(opened.opening) === whole ? 'harmless' : 'silent'] += 1;
      await opened?.store.close();
    }
    console.log('flips anywhere:', seen);
    expect(seen.reported).toBeGreaterThan(50);
    expect(seen.silent).toBe(0);
  });
});

/** Low byte of the number of rows in a page (SQLite file format §1.6); rows beyond that number are invisible. */
const COUNT_AT = 4;

function* headBits(bytes: Buffer): Iterable<readonly [number, number]> {
  for (let page = 1; page < bytes.length / PAGE_BYTES; page += 1)
    for (let bit = 0; bit < 8; bit += 1) yield [page * PAGE_BYTES + COUNT_AT, bit];
}

function* anyBits(bytes: Buffer, count: number): Iterable<readonly [number, number]> {
  const random = seededRandom(5);
  for (let left = count; left > 0; left -= 1) yield [Math.floor(random() * bytes.length), Math.floor(random() * 8)];
}

/** @returns `undefined`: the store reports that it cannot be opened */
function openFlipped(bytes: Buffer): OpenedStore | undefined {
  const path = storePath();
  writeFileSync(path, bytes);
  try {
    return openStore(path);
  } catch {
    return undefined;
  }
}

function wordsOf(opening: StoreOpening | undefined): string {
  return JSON.stringify({ ...opening, epochs: [...(opening?.epochs.values() ?? [])] });
}

describe('the replacement for damaged', () => {
  async function afterFlip(table: CheckedTable, column: string): Promise<StoreOpening> {
    const path = await written();
    flipIn(path, table, column);
    return openStore(path).opening;
  }

  it('counters: new ones, with the pending messages', async () => {
    const { counts, backlog } = await afterFlip('ledger', 'delivered');
    expect(counts[0]).toMatchObject({
      direction: 'uplink',
      lane: 1,
      counts: { accepted: 3, delivered: 0, damaged: 0 },
    });
    expect(backlog[0]).toMatchObject({ rows: 3 });
  });

  it('message numbers: new ones, after every one that was reserved', async () => {
    const { nextSeq } = await afterFlip('sequence', 'reserved_to'); // The first row is that of the downlinks.
    expect(nextSeq.downlink).toBeGreaterThanOrEqual(1 + SEQ_BLOCK);
    expect(nextSeq.uplink).toBeGreaterThanOrEqual(1 + SEQ_BLOCK);
  });

  it('boots: one without any known time, and its number is not used again', async () => {
    const { now, epochs } = await afterFlip('boot', 'wall_minus_up_ms');
    expect(now.epoch).toBe(2);
    expect(epochs.get(1)).toMatchObject({ bootId: 'lost', wallMinusUpMs: undefined });
  });

  it('names: a placeholder whose session has ended; its lane is not assigned again', async () => {
    expect((await afterFlip('subdevice', 'id')).subdevices).toEqual([
      { lane: 1, id: 'lost-1', lasting: false, link: '' },
    ]);
  });

  it('subscriptions, topic ids and filters: nothing', async () => {
    expect((await afterFlip('subscription', 'filter')).subscriptions).toEqual([]);
    expect((await afterFlip('topic_id', 'topic')).topicIds).toEqual([]);
    expect((await afterFlip('hub_filter', 'filter')).grantedFilters).toEqual([]);
  });

  it('hub state: everything may have been sent, and a session is expected', async () => {
    const { hubSession } = await afterFlip('hub_session', 'owner');
    expect(hubSession).toEqual({ expected: true, connected: true, changedAt: undefined, owner: 0, lostCount: 0 });
  });
});

describe('a key that was changed in place by the medium', () => {
  it('is found even though the tree no longer leads to it', async () => {
    const path = await written();
    const bytes = readFileSync(path);
    const at = bytes.lastIndexOf('gw/pump/cmd');
    bytes[at] = (bytes[at] ?? 0) ^ 0x40; // 'g' becomes a quotation mark.
    writeFileSync(path, bytes);
    const opened = openStore(path);
    expect(opened.opening.damagedRecords).toBe(1);
    await opened.store.close();
    expect(openStore(path).opening.recovery).toEqual([]);
  });
});

describe('damage that happens while the store is open', () => {
  it('is not checksummed by the next change: the store fails, and the next opening repairs it', () => {
    const path = storePath();
    const database = openDatabase(path);
    const { commit, events } = openStore(path, { database });
    commit(put(1));
    database.exec('UPDATE ledger SET crc = crc + 1');
    commit(put(2));
    expect(events).toEqual([1, expect.stringMatching(/^failed: .*a damaged row of ledger/)]);
    database.close();
    const { opening } = openStore(path);
    expect(opening.recovery).toEqual([expect.stringContaining('table ledger')]);
    expect(opening.backlog).toMatchObject([{ lane: 1, rows: 1 }]);
  });
});

it('a store of the previous schema has its records checksummed unchanged', async () => {
  const path = storePath();
  const database = new Sqlite(path);
  for (const name of ['0001-start.sql', '0002-witness.sql'])
    database.exec(readFileSync(join(import.meta.dirname, '../../../../src/store/migrations', name), 'utf8'));
  database.exec(`PRAGMA user_version = 2; INSERT INTO subdevice VALUES (1, 'pump', 1, 'a');
    INSERT INTO ledger VALUES (2, 5, 5, 0, 0, '{}', 0, 5)`);
  database.close();
  const { opening } = openStore(path);
  expect(opening).toMatchObject({ damagedRecords: 0, subdevices: [{ id: 'pump' }] });
  expect(opening.counts).toMatchObject([{ lane: 1, counts: { accepted: 5, delivered: 5 } }]);
});

it.each([
  ['whole', 7, 0],
  ['damaged', 8, 1],
])('a session of schema 6 whose row is %s', async (_what, lostCount, damagedRecords) => {
  const path = storePath();
  const database = new Sqlite(path);
  defineChecksum(database);
  const folder = join(import.meta.dirname, '../../../../src/store/migrations');
  for (const name of readdirSync(folder).sort().slice(0, 6)) database.exec(readFileSync(join(folder, name), 'utf8'));
  database.exec(`PRAGMA user_version = 6; UPDATE hub_session SET
    expected = 1, sent_to = 99, lost_count = ${lostCount}, crc = seal(1, 1, 0, NULL, NULL, 99, 7)`);
  database.close();
  const { opening } = openStore(path);
  expect(opening).toMatchObject({ damagedRecords, hubSession: { expected: true, owner: 0 } });
});
