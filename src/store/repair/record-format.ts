/**
 * Reads cells of SQLite's b-tree pages from their bytes, if SQLite itself cannot reach them. Returns the content
 * without judging it: the checksums of the rows decide whether it is valid.
 *
 * Source of the layout: https://www.sqlite.org/fileformat2.html §1.5, §1.6, §2.1.
 */
import { PAGE_BYTES } from '../database.ts';

export type CellValue = number | string | Buffer | null;

export interface Cell {
  /** Key of the row. `undefined` in a table without rowid. */
  readonly rowid: number | undefined;
  readonly values: readonly CellValue[];
}

export type CellKind = 'table' | 'index';
/** Page by number. `undefined`: no such page. */
export type PageOf = (number: number) => Buffer | undefined;

const LEAVES: Readonly<Record<number, CellKind>> = { 13: 'table', 10: 'index' };
/** Length of the file header, at the start of the first page. */
const FILE_HEADER_BYTES = 100;
const LEAF_HEADER_BYTES = 8;
/** Largest number of columns in a row of this program. */
const COLUMNS_MAX = 12;
/** Largest length of a record: more than any message needs. A longer record is noise. */
const RECORD_BYTES_MAX = 2_097_152;

/** Kind of a leaf page, and the offset of its cells. @returns `undefined` for any other page */
export function leafOf(
  page: Buffer,
  number: number,
): { readonly kind: CellKind; readonly cells: number[] } | undefined {
  const at = number === 1 ? FILE_HEADER_BYTES : 0;
  const kind = LEAVES[page[at] ?? 0];
  if (kind === undefined) return undefined;
  const count = page.readUInt16BE(at + 3);
  const pointers = at + LEAF_HEADER_BYTES;
  if (pointers + 2 * count > PAGE_BYTES) return undefined;
  return { kind, cells: Array.from({ length: count }, (_, index) => page.readUInt16BE(pointers + 2 * index)) };
}

/** @returns `undefined` if no cell of that kind begins here */
export function cellAt(page: Buffer, at: number, kind: CellKind, pageOf: PageOf): Cell | undefined {
  const size = varintAt(page, at);
  if (size === undefined || size.value < 2 || size.value > RECORD_BYTES_MAX) return undefined;
  const key = kind === 'table' ? varintAt(page, size.next) : { value: undefined, next: size.next };
  if (key === undefined) return undefined;
  // The number of columns is checked before anything is assembled: nearly all attempts end here.
  const types = typesAt(page, key.next, size.value);
  if (types === undefined) return undefined;
  const record = recordAt(page, key.next, { bytes: size.value, kind, pageOf });
  const values = record === undefined ? undefined : valuesOf(record, types);
  return values === undefined ? undefined : { rowid: key.value, values };
}

interface Types {
  readonly codes: readonly number[];
  /** Offset of the values in the record. */
  readonly bodyAt: number;
}

/**
 * Column types from the header of a record. The header must be in the cell itself, as it is in all records of this
 * program.
 */
function typesAt(page: Buffer, at: number, recordBytes: number): Types | undefined {
  const head = varintAt(page, at);
  if (head === undefined || head.value < 2 || at + head.value > page.length || head.value > recordBytes)
    return undefined;
  const codes: number[] = [];
  let bytes = head.value;
  for (let next = head.next; next < at + head.value; ) {
    const type = varintAt(page, next);
    if (type === undefined || codes.length === COLUMNS_MAX) return undefined;
    codes.push(type.value);
    bytes += bytesOf(type.value);
    next = type.next;
  }
  return bytes === recordBytes ? { codes, bodyAt: head.value } : undefined;
}

function recordAt(
  page: Buffer,
  at: number,
  record: { readonly bytes: number; readonly kind: CellKind; readonly pageOf: PageOf },
): Buffer | undefined {
  const { bytes, kind, pageOf } = record;
  const local = localBytes(bytes, kind);
  if (at + local > page.length) return undefined;
  if (local === bytes) return page.subarray(at, at + local);
  if (at + local + 4 > page.length) return undefined;
  const parts = [page.subarray(at, at + local)];
  let next = page.readUInt32BE(at + local);
  for (let left = bytes - local; left > 0; ) {
    const overflow = next === 0 ? undefined : pageOf(next);
    if (overflow === undefined) return undefined;
    const part = overflow.subarray(4, 4 + Math.min(left, PAGE_BYTES - 4));
    parts.push(part);
    left -= part.length;
    next = overflow.readUInt32BE(0);
  }
  return Buffer.concat(parts);
}

/** Bytes of a record that are in the cell; the rest is on overflow pages. */
function localBytes(bytes: number, kind: CellKind): number {
  const max = kind === 'table' ? PAGE_BYTES - 35 : Math.floor(((PAGE_BYTES - 12) * 64) / 255) - 23;
  if (bytes <= max) return bytes;
  const min = Math.floor(((PAGE_BYTES - 12) * 32) / 255) - 23;
  const wanted = min + ((bytes - min) % (PAGE_BYTES - 4));
  return wanted <= max ? wanted : min;
}

function valuesOf(record: Buffer, { codes, bodyAt }: Types): CellValue[] | undefined {
  const values: CellValue[] = [];
  let at = bodyAt;
  for (const code of codes) {
    const bytes = bytesOf(code);
    if (code === 0) values.push(null);
    else if (code === 8 || code === 9) values.push(code - 8);
    else if (code <= 6) values.push(bytes <= 6 ? record.readIntBE(at, bytes) : Number(record.readBigInt64BE(at)));
    else if (code === 7) values.push(record.readDoubleBE(at));
    else if (code < 12) return undefined;
    else
      values.push(
        code % 2 === 0 ? Buffer.from(record.subarray(at, at + bytes)) : record.toString('utf8', at, at + bytes),
      );
    at += bytes;
  }
  return values;
}

const FIXED_BYTES = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0];

function bytesOf(code: number): number {
  return code < 12 ? (FIXED_BYTES[code] ?? 0) : Math.floor((code - 12) / 2);
}

/** @returns `undefined` if the number is too long or ends outside the page */
function varintAt(page: Buffer, at: number): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let next = at; next < at + 8 && next < page.length; next += 1) {
    const octet = page[next] ?? 0;
    value = value * 128 + (octet & 0x7f);
    if (octet < 0x80) return { value, next: next + 1 };
  }
  return undefined;
}
