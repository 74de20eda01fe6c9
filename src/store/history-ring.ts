/**
 * Ring of numbered blocks in one table of the store. Block `number` is in slot `number % slots`, so a new block replaces
 * the oldest one. A block is padded to the room of a page: replacing it writes one page of 1 KB and never moves another
 * row. Each block has a checksum over its number and its content; a block with a wrong checksum does not exist for the
 * reader.
 *
 *     CRC-32 (4 octets) │ length (4 octets) │ compressed content │ zeros
 */
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import { type Database, PAGE_BYTES, type Statement } from './database.ts';

/** Tables of the history. */
export const HISTORY_TABLES = [
  'history_minute',
  'history_hour',
  'history_rare_event',
  'history_frequent_event',
] as const;

export type HistoryTable = (typeof HISTORY_TABLES)[number];

const HEAD_BYTES = 8;
/**
 * Size of a block: with the head of its row it fills one page. SQLite keeps at most 989 bytes of a row on a page of
 * 1 KB; slot and number take at most 12 of them.
 */
const ROOM_BYTES = 968;
/** Bytes that each further page of a long block holds: a page without the number of the next one. */
const MORE_BYTES = PAGE_BYTES - 4;
/** Bytes in the WAL for each page: the page and the head of its frame (https://www.sqlite.org/fileformat2.html §4.1). */
export const FRAME_BYTES = PAGE_BYTES + 24;
/** Largest content of a block that is read. A day of records takes under 20 KB. */
const CONTENT_BYTES_MAX = 262_144;

export interface NumberedBlock {
  readonly number: number;
  readonly content: Buffer;
}

export class HistoryRing {
  readonly slots: number;
  readonly #database: Database;
  readonly #table: HistoryTable;
  readonly #read: Statement;
  #newest: number | undefined;

  constructor(database: Database, table: HistoryTable, slots: number) {
    this.#database = database;
    this.#table = table;
    this.slots = slots;
    this.#read = database.prepare(`SELECT number, block FROM ${table} WHERE slot = ?`);
  }

  /** Number of the newest readable block; -1: none. */
  get newest(): number {
    if (this.#newest === undefined) {
      const found = this.#database.prepare(`SELECT slot, number FROM ${this.#table}`).all() as StoredNumber[];
      const numbers = found.flatMap(({ slot, number }) =>
        Number.isSafeInteger(number) && number >= 0 && number % this.slots === slot ? [number] : [],
      );
      this.#newest =
        numbers.sort((left, right) => right - left).find((number) => this.read(number) !== undefined) ?? -1;
    }
    return this.#newest;
  }

  /** @returns `undefined` if the block was replaced, was never written, or is damaged */
  read(number: number): Buffer | undefined {
    const found = this.#read.get(number % this.slots) as { number: unknown; block: unknown } | undefined;
    return found?.number === number ? contentOf(number, found.block) : undefined;
  }

  /** Readable blocks, the newest first. */
  *backwards(): Iterable<NumberedBlock> {
    for (let number = this.newest; number >= 0 && number > this.newest - this.slots; number -= 1) {
      const content = this.read(number);
      if (content !== undefined) yield { number, content };
    }
  }

  /** Replaces the block with this number, or the oldest one. @returns the bytes that this writes */
  write(number: number, content: Uint8Array): number {
    const block = blockOf(number, content);
    const slot = number % this.slots;
    const update = this.#database.prepare(`UPDATE ${this.#table} SET number = ?, block = ? WHERE slot = ?`);
    if (update.run(number, block, slot).changes === 0)
      this.#database.prepare(`INSERT INTO ${this.#table} VALUES (?,?,?)`).run(slot, number, block);
    this.#newest = Math.max(this.newest, number);
    return FRAME_BYTES * (1 + Math.floor(block.length / MORE_BYTES));
  }

  /** Forgets the newest number, because a transaction was undone. */
  forget(): void {
    this.#newest = undefined;
  }

  /**
   * Creates the missing slots for the blocks from `number` on. One growth of the table for many slots costs less than
   * one for each. @returns the bytes that this writes
   */
  reserve(number: number, count: number): number {
    const insert = this.#database.prepare(
      `INSERT OR IGNORE INTO ${this.#table} SELECT ?, -1, zeroblob(${ROOM_BYTES}) WHERE NOT EXISTS (SELECT 1 FROM ${this.#table} WHERE slot = ?)`,
    );
    let pages = 0;
    for (let next = number; next < number + count; next += 1)
      pages += insert.run(next % this.slots, next % this.slots).changes;
    return FRAME_BYTES * pages;
  }
}

interface StoredNumber {
  readonly slot: number;
  readonly number: number;
}

/** True if the content fits into one page together with the head of its block. */
export function fitsPage(content: Uint8Array): boolean {
  return deflateRawSync(content, { level: 9 }).length <= ROOM_BYTES - HEAD_BYTES;
}

function blockOf(number: number, content: Uint8Array): Buffer {
  const packed = deflateRawSync(content, { level: 9 });
  const pages = Math.max(0, Math.ceil((HEAD_BYTES + packed.length - ROOM_BYTES) / MORE_BYTES));
  const block = Buffer.alloc(ROOM_BYTES + pages * MORE_BYTES);
  block.writeUInt32LE(checksumOf(number, packed), 0);
  block.writeUInt32LE(packed.length, 4);
  block.set(packed, HEAD_BYTES);
  return block;
}

function contentOf(number: number, block: unknown): Buffer | undefined {
  if (!(block instanceof Uint8Array) || block.length < HEAD_BYTES) return undefined;
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.length);
  const length = bytes.readUInt32LE(4);
  if (HEAD_BYTES + length > bytes.length) return undefined;
  const packed = bytes.subarray(HEAD_BYTES, HEAD_BYTES + length);
  if (bytes.readUInt32LE(0) !== checksumOf(number, packed)) return undefined;
  try {
    return inflateRawSync(packed, { maxOutputLength: CONTENT_BYTES_MAX });
  } catch {
    return undefined;
  }
}

function checksumOf(number: number, packed: Uint8Array): number {
  return crc32(packed, crc32(String(number)));
}
