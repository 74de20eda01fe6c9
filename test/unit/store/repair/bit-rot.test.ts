/** Data that a card loses or changes is detected and counted, and never passed on. Positions are drawn from seeds. */
import { readFileSync as readFrom, writeFileSync as writeTo } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../../src/base/random.ts';
import { openDatabase } from '../../../../src/store/database.ts';
import { settle } from '../store-rig.ts';
import {
  flipped,
  type Image,
  imageOf,
  inFolder,
  MARKER,
  payloadOf,
  puts,
  readBack,
  readFolder,
} from './bit-rot-rig.ts';

const COMMITS = 20;
const PER_COMMIT = 3;
const ROWS = COMMITS * PER_COMMIT;
/** Long after the last update of the high-water mark. */
const LATER_MS = 1_000_000;
/** Header sizes of a WAL and of a frame; pages of 1 KB (SQLite file format, "The WAL File Format"). */
const WAL_HEAD = 32;
const FRAME = 24 + 1024;

function full(isClosed: boolean): Image {
  return imageOf((core) => {
    for (let first = 1; first < ROWS; first += PER_COMMIT) core.commit(puts(first, first + PER_COMMIT - 1), 2000);
    core.note(LATER_MS);
  }, isClosed);
}

const cut = full(false);
const closed = full(true);
const wal = part(cut, '-wal');

function part(image: Image, suffix: '' | '-wal' | '-highwater'): Buffer {
  const bytes = image.get(suffix);
  if (bytes === undefined) throw new Error(`no ${suffix} in this image`);
  return bytes;
}

type Sight = 'read' | 'refused' | 'lossy';

/**
 * Checks that no wrong payload is passed on, missing messages are counted, and the ledger balances; or the store
 * reports that it cannot be read.
 */
function expectAccountedFor(image: Image): Sight {
  const read = readBack(image);
  if (read === undefined) return 'refused';
  for (const [seq, payload] of read.payloads) expect(payload).toBe(Buffer.from(payloadOf(seq)).toString());
  expect(read.payloads.size + read.damaged).toBe(ROWS);
  expect(read.balances).toBe(true);
  return read.damaged > 0 ? 'lossy' : 'read';
}

/** Positions of `count` bits, the same each time. */
function* places(seed: number, count: number, from: number, to: number): Iterable<readonly [number, number]> {
  const random = seededRandom(seed);
  for (let left = count; left > 0; left -= 1)
    yield [from + Math.floor(random() * (to - from)), Math.floor(random() * 8)];
}

describe('a flipped bit', () => {
  it('in the WAL costs the rest of the WAL, which is counted exactly', () => {
    const seen = { read: 0, refused: 0, lossy: 0 };
    for (const [position, bit] of places(1, 150, 0, wal.length))
      seen[expectAccountedFor(new Map(cut).set('-wal', flipped(wal, position, bit)))] += 1;
    console.log('flips in the WAL:', seen);
    expect(seen).toEqual({ read: 0, refused: 0, lossy: 150 });
  });

  it('in a row of the database costs that row, which is counted', () => {
    const bytes = part(closed, '');
    const seen = { read: 0, refused: 0, lossy: 0 };
    for (const [row, bit] of places(2, 150, 0, ROWS)) {
      // Fields seq, lane, stamp, CRC and topic precede the payload, in less than 24 bytes.
      const position = rowAt(bytes, row) - 24 + ((row * 7 + bit * 5) % (24 + payloadOf(1).length));
      seen[expectAccountedFor(new Map(closed).set('', flipped(bytes, position, bit)))] += 1;
    }
    console.log('flips in rows:', seen);
    expect(seen.lossy).toBeGreaterThan(100);
  });

  it.each([
    ['its number, out of order', -1, 0x40],
    ['its number, in order', -1, 0x01],
    ['its length', -2, 0x01],
    ['the length of its header', 0, 0x02],
    ['the type of its lane', 2, 0x01],
    ['the type of its topic', 7, 0x10],
    ['the type of its payload', 8, 0x01],
    ['its lane', 9, 0x01],
  ])('in %s costs that row, once, and no later start finds it again', (_what, offset, mask) => {
    const bytes = part(closed, '');
    const at = headOf(bytes, 30) + offset;
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] ?? 0) ^ mask;
    inFolder((path) => {
      for (const [suffix, content] of new Map(closed).set('', damaged)) writeTo(path + suffix, content);
      const [first, second] = [readFolder(path), readFolder(path)];
      expect(first).toMatchObject({ damaged: 1, balances: true });
      expect(first.payloads.size).toBe(ROWS - 1);
      expect(second).toMatchObject({ damaged: 1, balances: true });
      expect(second.recovery.filter((sentence) => !sentence.includes('is kept in'))).toEqual([]);
      expect([...second.payloads]).toEqual([...first.payloads]);
    });
  });

  it('anywhere in the database never results in a wrong payload', () => {
    const bytes = part(closed, '');
    for (const [position, bit] of places(3, 150, 0, bytes.length)) {
      const read = readBack(new Map(closed).set('', flipped(bytes, position, bit)));
      for (const [seq, payload] of read?.payloads ?? []) expect(payload).toBe(Buffer.from(payloadOf(seq)).toString());
    }
  });

  it('negative control: in a payload is passed on by a store that ignores the checksum', () => {
    const bytes = part(closed, '');
    const damaged = new Map(closed).set('', flipped(bytes, rowAt(bytes, 7) + MARKER.length, 1));
    const unlooked = inFolder((path) => {
      for (const [suffix, content] of damaged) writeTo(path + suffix, content);
      const database = openDatabase(path);
      const rows = database.prepare('SELECT seq, payload FROM outbox').all() as { seq: number; payload: Buffer }[];
      database.close();
      return rows.filter(({ seq, payload }) => !payload.equals(payloadOf(seq))).length;
    });
    expect(unlooked).toBe(1);
    expect(readBack(damaged)).toMatchObject({ damaged: 1, balances: true });
  });
});

describe('a WAL with a lost end', () => {
  const frames = (wal.length - WAL_HEAD) / FRAME;
  const tails = Array.from({ length: 12 }, (_, index) => WAL_HEAD + Math.floor((frames * index) / 12) * FRAME);

  it.each(tails)('from byte %d on is detected, counted and reported, once', (bytes) => {
    const image = new Map(cut).set('-wal', wal.subarray(0, bytes));
    const read = readBack(image);
    expect(read?.payloads.size).toBeLessThan(ROWS);
    expect(read).toMatchObject({ damaged: ROWS - (read?.payloads.size ?? 0), balances: true });
    expect(read?.recovery).toEqual([expect.stringContaining('has lost its newest transactions')]);
  });

  it('from its beginning is detected', () => {
    const image = new Map(cut);
    image.delete('-wal');
    expect(readBack(image)).toMatchObject({ damaged: ROWS, balances: true });
  });

  it('is not counted without the high-water mark, and that is reported', () => {
    const image = new Map(cut).set('-wal', wal.subarray(0, tails[6]));
    image.delete('-highwater');
    const read = readBack(image);
    expect(read?.payloads.size).toBeLessThan(ROWS);
    expect(read).toMatchObject({
      damaged: 0,
      balances: true,
      recovery: [expect.stringContaining('it is unknown whether')],
    });
  });

  it('counts only messages that were still to be delivered', () => {
    const image = imageOf((core) => {
      core.commit(puts(1, 30), 2000);
      core.commit(
        [3, 6, 9, 12].map((seq) => settle(seq)),
        2000,
      );
      core.note(LATER_MS);
    }, false);
    const none = new Map(image);
    none.delete('-wal');
    expect(readBack(none)).toMatchObject({ damaged: 26, settled: 26, balances: true });
  });
});

describe('the high-water mark', () => {
  it('that is damaged costs only the certainty that no message is missing', () => {
    const mark = part(cut, '-highwater');
    const unreadable = [Buffer.alloc(0), mark.subarray(0, 100), Buffer.alloc(8192)];
    for (const bytes of unreadable)
      expect(readBack(new Map(cut).set('-highwater', bytes))).toMatchObject({
        damaged: 0,
        recovery: [expect.stringContaining('mark of the store is missing or unreadable')],
      });
  });

  it('with one damaged slot, as after a power cut during its write, causes no report on an intact store', () => {
    const mark = part(cut, '-highwater');
    for (const [position, bit] of places(4, 30, 0, mark.length))
      expect(readBack(new Map(cut).set('-highwater', flipped(mark, position, bit)))).toMatchObject({
        ...{ damaged: 0, recovery: [] },
      });
  });

  it('that is older than the store causes no report either', () => {
    const image = imageOf((core) => {
      core.commit(puts(1, 3), 2000);
      core.note(LATER_MS);
      core.commit(puts(4, ROWS), 2000);
      core.note(LATER_MS + 1000);
    }, false);
    expect(expectAccountedFor(image)).toBe('read');
  });

  it('of another store is reported and not used for counts', () => {
    const other = full(false);
    const read = readBack(new Map(cut).set('-highwater', part(other, '-highwater')));
    expect(read).toMatchObject({ damaged: 0, recovery: [expect.stringContaining('belongs to another store')] });
  });

  it('has room for a sum of messages in lanes without a place of their own', () => {
    const lanes = 900;
    const image = imageOf((core) => {
      const all = puts(1, lanes).map((change) =>
        change.kind === 'put' ? { ...change, row: { ...change.row, lane: change.row.seq } } : change,
      );
      core.commit(all, 2000);
      core.note(LATER_MS);
    }, false);
    expect(part(image, '-highwater').length).toBe(8192);
    const none = new Map(image);
    none.delete('-wal');
    expect(readBack(none)).toMatchObject({ damaged: lanes, balances: true });
  });

  it('is due at once after a pause, and otherwise five seconds after the last update', () => {
    imageOf((core) => {
      expect(core.noteDueInMs(1000)).toBeUndefined();
      core.commit(puts(1, 3), 12_000);
      expect(core.noteDueInMs(12_000)).toBe(0);
      core.note(12_000);
      expect(core.noteDueInMs(12_000)).toBeUndefined();
      core.commit(puts(4, 6), 12_100);
      core.note(12_100);
      expect([core.noteDueInMs(12_100), core.noteDueInMs(16_999), core.noteDueInMs(20_000)]).toEqual([4900, 1, 0]);
    }, true);
  });

  it('is written by commits alone: an idle store writes nothing', () => {
    const turns = imageOf((core, path) => {
      core.commit(puts(1, 3), 2000);
      core.note(LATER_MS);
      const before = readFrom(`${path}-highwater`);
      for (let minute = 1; minute < 100; minute += 1) core.note(LATER_MS + minute * 60_000);
      expect(readFrom(`${path}-highwater`).equals(before)).toBe(true);
    }, false);
    expect(turns.has('-highwater')).toBe(true);
  });
});

/**
 * Position of the payload of a row. The last occurrence: SQLite leaves unused copies of rows in the pages from which
 * a tree grows.
 */
function rowAt(bytes: Buffer, row: number): number {
  return bytes.lastIndexOf(Buffer.from(payloadOf(row + 1)));
}

/**
 * Position of the record of a row, after its length and its number: it begins with the length of its header, and the
 * NULL of its key.
 */
function headOf(bytes: Buffer, row: number): number {
  return bytes.lastIndexOf(Buffer.of(9, 0), rowAt(bytes, row));
}
