/**
 * Rows that SQLite cannot reach, found in the bytes of the pages: under a broken inner page, in a file with a damaged
 * schema, in the WAL of a missing database. The checksum shows whether the bytes are a row, and of which table.
 *
 * Rows that a sound page lists are taken. A page with a broken header also holds deleted rows, and so do older images
 * in the WAL. Of those rows the newest are taken, as many as the ledger misses (a lane delivers in order). The result
 * then states that other messages may be missing, because a taken row may have been delivered before.
 */
import type { Direction } from '../../base/message.ts';
import { ledgerId } from '../../custody/lane-number.ts';
import type { Database } from '../database.ts';
import { directionOf, rowOf, type StoredRow } from '../row-codec.ts';
import { tableOf } from '../writer.ts';
import { type PageImage, PageImages } from './page-images.ts';
import { type LaneState, lanesOf } from './reconcile.ts';
import { type Cell, type CellValue, cellAt, leafOf } from './record-format.ts';
import { CHECKED_TABLES, type CheckedTable, checksumOf } from './row-checksums.ts';

export interface StraySearch {
  /** Path of the damaged database; its WAL is beside it. */
  readonly path: string;
  /** New database with the rows that SQLite could read; in a transaction. */
  readonly target: Database;
  /** The ledger was read and gives the number of missing rows. */
  readonly hasLedger: boolean;
  /** Ledger line → messages pending when the store was last seen. */
  readonly marked: ReadonlyMap<number, number>;
  readonly progress: (sentence: string) => void;
}

/**
 * Column types of the records of each table: i integer, t text, b blob; I and T may be NULL. The first column of a
 * rowid table is its key.
 */
const SHAPES: Readonly<Partial<Record<CheckedTable, RegExp>>> = {
  boot: /^itiIIi$/,
  subdevice: /^ititi$/,
  subscription: /^itii$/,
  topic_id: /^iiti$/,
  will: /^itibii$/,
  hub_session: /^iiiIIiii$/,
  hub_gap: /^iiiti$/,
  ledger: /^iiiiitiii$/,
  sequence: /^tii$/,
  loss: /^iiiiTi$/,
};
/** Number of key columns; 1 for other tables. */
const KEY_COLUMNS: Readonly<Partial<Record<CheckedTable, number>>> = { subscription: 2, topic_id: 2 };
/** Bytes between two progress sentences. */
const STEP_BYTES = 64 * 1024 * 1024;

/** Inserts the rows that SQLite cannot reach. @returns whether a row was taken that may have been delivered before */
export function findStrayRows(search: StraySearch): boolean {
  const images = new PageImages(search.path);
  try {
    const finder = new Finder(search, images);
    if (!search.hasLedger) finder.putRecords();
    return finder.putMessages();
  } finally {
    images.close();
  }
}

interface Stray {
  readonly cell: Cell;
  /** True if the newest image of the page lists the cell. */
  readonly isListed: boolean;
}

class Finder {
  readonly #search: StraySearch;
  readonly #images: PageImages;
  readonly #columns = new Map<CheckedTable, readonly string[]>();

  constructor(search: StraySearch, images: PageImages) {
    this.#search = search;
    this.#images = images;
    for (const table of CHECKED_TABLES) {
      const columns = search.target.pragma(`table_info(${table})`) as { name: string }[];
      this.#columns.set(
        table,
        columns.map(({ name }) => name),
      );
    }
  }

  /**
   * Inserts missing sessions, counters and the like: for each key the highest counters and reserved numbers, and of
   * other tables the newest record.
   */
  putRecords(): void {
    const { target } = this.#search;
    const found = new Map<string, { readonly table: CheckedTable; readonly values: readonly CellValue[] }>();
    for (const { cell } of this.#strays(false)) {
      if (this.#putLetter(cell)) continue;
      for (const [table, values] of this.#recordsIn(cell)) {
        const key = `${table} ${JSON.stringify(values.slice(0, KEY_COLUMNS[table] ?? 1))}`;
        const known = found.get(key);
        if (known === undefined || !isOlder(table, values, known.values)) found.set(key, { table, values });
      }
    }
    for (const { table, values } of found.values()) {
      const places = values.map(() => '?').join(',');
      target.prepare(`INSERT OR IGNORE INTO ${table} VALUES (${places})`).run(...values);
    }
  }

  putMessages(): boolean {
    const { target, hasLedger } = this.#search;
    const cutoffs = this.#cutoffs(lanesOf(target));
    let isDoubtful = false;
    for (const { cell, isListed } of this.#strays(true)) {
      const stored = messageIn(cell);
      const direction = stored === undefined ? undefined : directionOf(stored);
      if (stored === undefined || direction === undefined) continue;
      const cutoff = cutoffs.get(ledgerId(direction, stored.lane)) ?? Number.POSITIVE_INFINITY;
      const isWanted = stored.seq >= cutoff || (!hasLedger && isListed);
      if (isWanted && this.#put(direction, stored) && !isListed) isDoubtful = true;
    }
    return isDoubtful;
  }

  /** @returns ledger line with missing rows → lowest number that is taken */
  #cutoffs(lanes: readonly LaneState[]): ReadonlyMap<number, number> {
    const missing = new Map(this.#search.marked);
    for (const { id, isKnown, pending, rows } of lanes)
      missing.set(id, (isKnown ? pending : (this.#search.marked.get(id) ?? 0)) - rows);
    const numbers = new Map<number, Set<number>>();
    for (const { cell } of this.#strays(true)) {
      const stored = messageIn(cell);
      const direction = stored === undefined ? undefined : directionOf(stored);
      if (stored === undefined || direction === undefined) continue;
      const id = ledgerId(direction, stored.lane);
      if ((missing.get(id) ?? 0) <= 0 || this.#isThere(direction, stored.seq)) continue;
      const seqs = numbers.get(id) ?? new Set();
      numbers.set(id, seqs.add(stored.seq));
    }
    return new Map(
      [...numbers].map(([id, seqs]) => [
        id,
        [...seqs]
          .sort((left, right) => right - left)
          .slice(0, missing.get(id))
          .at(-1) ?? Number.POSITIVE_INFINITY,
      ]),
    );
  }

  #isThere(direction: Direction, seq: number): boolean {
    return this.#search.target.prepare(`SELECT 1 FROM ${tableOf(direction)} WHERE seq = ?`).get(seq) !== undefined;
  }

  #put(direction: Direction, { seq, lane, qos, epoch, up_ms, crc, topic, payload }: StoredRow): boolean {
    const sql = `INSERT OR IGNORE INTO ${tableOf(direction)} VALUES (?,?,?,?,?,?,?,?)`;
    return this.#search.target.prepare(sql).run(seq, lane, qos, epoch, up_ms, crc, topic, payload).changes > 0;
  }

  /** Inserts a dead letter, recognised by the checksum of its message. */
  #putLetter({ rowid, values }: Cell): boolean {
    const [, direction, seq, lane, qos, epoch, up_ms, topic, payload, attempts, reason, crc] = values;
    if (values.length !== 12 || rowid === undefined || (direction !== 'uplink' && direction !== 'downlink'))
      return false;
    if (rowOf(direction, { seq, lane, qos, epoch, up_ms, crc, topic, payload } as StoredRow) === undefined)
      return false;
    const sql = 'INSERT OR IGNORE INTO dead_letter VALUES (?,?,?,?,?,?,?,?,?,?,?,?)';
    const letter = [rowid, direction, seq, lane, qos, epoch, up_ms, topic, payload, attempts, reason, crc];
    this.#search.target.prepare(sql).run(...letter);
    return true;
  }

  *#recordsIn({ rowid, values }: Cell): Iterable<readonly [CheckedTable, readonly CellValue[]]> {
    for (const [table, shape] of Object.entries(SHAPES) as [CheckedTable, RegExp][]) {
      if (values.length !== this.#columns.get(table)?.length) continue;
      const whole = values[0] === null && rowid !== undefined ? [rowid, ...values.slice(1)] : values;
      const types = whole.map(typeOf).join('');
      if (shape.test(types) || shape.test(nullable(types, shape)))
        if (whole.at(-1) === checksumOf(whole.slice(0, -1))) yield [table, whole];
    }
  }

  /** @param isThorough includes cells that no page lists */
  *#strays(isThorough: boolean): Iterable<Stray> {
    let bytes = 0;
    for (const image of this.#images.all()) {
      yield* this.#straysOn(image, isThorough);
      bytes += image.bytes.length;
      if (bytes % STEP_BYTES === 0) this.#search.progress(`${bytes / 1_048_576} MB of pages read`);
    }
  }

  /**
   * Finds the rows in one image of a page. The newest image of a sound page lists all rows of the page, so every other
   * row in it was deleted.
   */
  *#straysOn({ number, bytes, isNewest }: PageImage, isThorough: boolean): Iterable<Stray> {
    const { pageOf } = this.#images;
    const leaf = leafOf(bytes, number);
    if (!isNewest && this.#isSound(number)) return;
    if (leaf !== undefined)
      for (const at of leaf.cells) {
        const cell = cellAt(bytes, at, leaf.kind, pageOf);
        if (cell !== undefined) yield { cell, isListed: isNewest };
      }
    if (!isThorough || (isNewest && this.#isSound(number))) return;
    for (let at = 0; at < bytes.length; at += 1) {
      const cell = cellAt(bytes, at, 'table', pageOf);
      if (cell !== undefined) yield { cell, isListed: false };
    }
  }

  /** True if each cell that the newest image of a page lists is valid. */
  #isSound(number: number): boolean {
    const { pageOf } = this.#images;
    const page = pageOf(number);
    if (page === undefined) return false;
    const leaf = leafOf(page, number);
    if (leaf === undefined) return page[number === 1 ? 100 : 0] === 2 || page[number === 1 ? 100 : 0] === 5;
    return leaf.cells.every((at) => cellAt(page, at, leaf.kind, pageOf) !== undefined);
  }
}

/** Reads a cell as a row of messages. The rowid takes the place of the column `seq`. */
function messageIn({ rowid, values }: Cell): StoredRow | undefined {
  const [none, lane, qos, epoch, up_ms, crc, topic, payload] = values;
  if (values.length !== 8 || none !== null || rowid === undefined || !Buffer.isBuffer(payload)) return undefined;
  return { seq: rowid, lane, qos, epoch, up_ms, crc, topic, payload } as StoredRow;
}

function isOlder(table: CheckedTable, one: readonly CellValue[], other: readonly CellValue[]): boolean {
  if (table !== 'ledger' && table !== 'sequence') return false;
  const weight = (values: readonly CellValue[]): number =>
    table === 'sequence'
      ? Number(values[1])
      : Number(values[1]) + Number(values[2]) + Number(values[3]) + Number(values[4]);
  return weight(one) < weight(other);
}

function typeOf(value: CellValue): string {
  if (value === null) return '-';
  if (typeof value === 'number') return 'i';
  return typeof value === 'string' ? 't' : 'b';
}

/** Treats NULL and a value as equal if the shape allows it. */
function nullable(types: string, shape: RegExp): string {
  const letters = shape.source.slice(1, -1);
  return [...types].map((type, index) => nullableAt(type, letters[index] ?? '')).join('');
}

function nullableAt(type: string, wanted: string): string {
  const isNullable = wanted !== wanted.toLowerCase();
  return isNullable && (type === '-' || type === wanted.toLowerCase()) ? wanted : type;
}
