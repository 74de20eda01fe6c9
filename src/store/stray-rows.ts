/**
 * Rows that SQLite finds no way to, from the bytes of the pages: under a broken page that led to them, in a file whose schema
 * is noise, in the log of a database that is gone. The checksum of each row says whether it is one, and of which table.
 *
 * A page holds rows that were deleted, too. Where the books tell how many are missing in a lane, the newest so many are
 * taken: a lane delivers in order. Where nobody knows, those that a page of the table still lists are taken: one of them may
 * have been delivered before, and none that is legible is lost.
 */
import type { Direction } from '../base/message.ts';
import { ledgerId, tableOf } from './change-writer.ts';
import { type LaneState, lanesOf } from './closing.ts';
import type { Database } from './database.ts';
import { type PageImage, PageImages } from './page-images.ts';
import { type Cell, type CellValue, cellAt, leafOf } from './record-format.ts';
import { directionOf, rowOf, type StoredRow } from './row-codec.ts';
import { SEALED, type Sealed, sealOf } from './seals.ts';

export interface StraySearch {
  /** Of the damaged database; its log beside it. */
  readonly path: string;
  /** With what SQLite could read of it; in a transaction. */
  readonly target: Database;
  /** The ledger was read: it says how many rows are missing. */
  readonly hasBooks: boolean;
  /** By line of the ledger: messages pending when the store was last seen. */
  readonly marked: ReadonlyMap<number, number>;
  readonly progress: (sentence: string) => void;
}

/** The types of a record: i integer, t text, b blob, I and T may be NULL. The first column of a rowid table is its key. */
const SHAPES: Readonly<Partial<Record<Sealed, RegExp>>> = {
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
/** Columns that make up the key; of other tables it is the first. */
const KEY_COLUMNS: Readonly<Partial<Record<Sealed, number>>> = { subscription: 2, topic_id: 2 };
/** Bytes between two signs of life. */
const STEP_BYTES = 64 * 1024 * 1024;

/** @returns how many messages were found */
export function findStrayRows(search: StraySearch): number {
  const images = new PageImages(search.path);
  try {
    const finder = new Finder(search, images);
    if (!search.hasBooks) finder.putRecords();
    return finder.putMessages();
  } finally {
    images.close();
  }
}

interface Stray {
  readonly cell: Cell;
  /** A page of the table lists it, and no newer image of that page is there. */
  readonly isListed: boolean;
}

class Finder {
  readonly #search: StraySearch;
  readonly #images: PageImages;
  readonly #columns = new Map<Sealed, readonly string[]>();

  constructor(search: StraySearch, images: PageImages) {
    this.#search = search;
    this.#images = images;
    for (const table of SEALED) {
      const columns = search.target.pragma(`table_info(${table})`) as { name: string }[];
      this.#columns.set(
        table,
        columns.map(({ name }) => name),
      );
    }
  }

  /** Sessions, counters and the like that are missing; of counters and reserved numbers the highest, of others the newest. */
  putRecords(): void {
    const { target } = this.#search;
    const found = new Map<string, { readonly table: Sealed; readonly values: readonly CellValue[] }>();
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

  putMessages(): number {
    const { target, hasBooks } = this.#search;
    const cutoffs = this.#cutoffs(lanesOf(target));
    let found = 0;
    for (const { cell, isListed } of this.#strays(true)) {
      const stored = messageIn(cell);
      const direction = stored === undefined ? undefined : directionOf(stored);
      if (stored === undefined || direction === undefined) continue;
      const cutoff = cutoffs.get(ledgerId(direction, stored.lane)) ?? Number.POSITIVE_INFINITY;
      if (stored.seq >= cutoff || (!hasBooks && isListed)) found += this.#put(direction, stored);
    }
    return found;
  }

  /** @returns for each line of the ledger that misses rows the lowest number that is taken */
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

  #put(direction: Direction, { seq, lane, qos, epoch, up_ms, crc, topic, payload }: StoredRow): number {
    const sql = `INSERT OR IGNORE INTO ${tableOf(direction)} VALUES (?,?,?,?,?,?,?,?)`;
    return this.#search.target.prepare(sql).run(seq, lane, qos, epoch, up_ms, crc, topic, payload).changes;
  }

  /** A dead letter is known by the checksum of the message that it was. */
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

  *#recordsIn({ rowid, values }: Cell): Iterable<readonly [Sealed, readonly CellValue[]]> {
    for (const [table, shape] of Object.entries(SHAPES) as [Sealed, RegExp][]) {
      if (values.length !== this.#columns.get(table)?.length) continue;
      const whole = values[0] === null && rowid !== undefined ? [rowid, ...values.slice(1)] : values;
      const types = whole.map(typeOf).join('');
      if (shape.test(types) || shape.test(nullable(types, shape)))
        if (whole.at(-1) === sealOf(whole.slice(0, -1))) yield [table, whole];
    }
  }

  /** @param isThorough cells that no page lists, too: a page whose head is broken, and what was deleted */
  *#strays(isThorough: boolean): Iterable<Stray> {
    let bytes = 0;
    for (const image of this.#images.all()) {
      yield* this.#straysOn(image, isThorough);
      bytes += image.bytes.length;
      if (bytes % STEP_BYTES === 0) this.#search.progress(`${bytes / 1_048_576} MB of pages read`);
    }
  }

  *#straysOn({ number, bytes, isNewest }: PageImage, isThorough: boolean): Iterable<Stray> {
    const { pageOf } = this.#images;
    const leaf = leafOf(bytes, number);
    const listed = new Set(leaf?.cells ?? []);
    for (const at of listed) {
      const cell = cellAt(bytes, at, leaf?.kind ?? 'table', pageOf);
      if (cell !== undefined) yield { cell, isListed: isNewest };
    }
    if (!isThorough) return;
    for (let at = 0; at < bytes.length; at += 1) {
      if (listed.has(at)) continue;
      const cell = cellAt(bytes, at, 'table', pageOf);
      // a page that is no leaf of anything, though rows stand on it, has lost its head
      if (cell !== undefined) yield { cell, isListed: leaf === undefined && isNewest };
    }
  }
}

/** The key stands in place of its column. */
function messageIn({ rowid, values }: Cell): StoredRow | undefined {
  const [none, lane, qos, epoch, up_ms, crc, topic, payload] = values;
  if (values.length !== 8 || none !== null || rowid === undefined || !Buffer.isBuffer(payload)) return undefined;
  return { seq: rowid, lane, qos, epoch, up_ms, crc, topic, payload } as StoredRow;
}

function isOlder(table: Sealed, one: readonly CellValue[], other: readonly CellValue[]): boolean {
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

/** With NULL and a value taken for the same where the shape allows it. */
function nullable(types: string, shape: RegExp): string {
  const letters = shape.source.slice(1, -1);
  return [...types].map((type, index) => nullableAt(type, letters[index] ?? '')).join('');
}

function nullableAt(type: string, wanted: string): string {
  const isNullable = wanted !== wanted.toLowerCase();
  return isNullable && (type === '-' || type === wanted.toLowerCase()) ? wanted : type;
}
