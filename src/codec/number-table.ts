/**
 * Table of whole numbers in few bytes. Each column is stored as differences between its values, so a column that
 * changes little takes about one byte for each value, and compresses to almost nothing.
 *
 *     version (1 octet) │ rows │ columns │ column 0: cell, cell, … │ column 1: …
 *
 * A cell is 0 for a missing value, otherwise 1 + zigzag(value − last value of the column that is not missing). All
 * numbers are varints: 7 bits in each octet, the lowest bits first.
 */
import { type Decoded, decoded, undecodable } from '../base/decoded.ts';

/** Cell of a table: a whole number, or `null` if the value is missing. */
export type TableCell = number | null;

const VERSION = 1;
/** Largest table that is decoded: more than the program writes in one block. */
const ROWS_MAX = 4096;
const COLUMNS_MAX = 256;
/** Largest distance from 0 of a value. A difference of two such values is exact after zigzag. */
export const CELL_MAX = 2 ** 50;

/** @param rows rows of equal length; a value that is not a whole number up to `CELL_MAX` counts as missing */
export function encodeTable(rows: readonly (readonly TableCell[])[]): Uint8Array {
  const columns = rows[0]?.length ?? 0;
  const octets = [VERSION];
  putNumber(octets, rows.length);
  putNumber(octets, columns);
  for (let column = 0; column < columns; column += 1) {
    let last = 0;
    for (const row of rows) {
      const value = row[column];
      if (!isCell(value)) octets.push(0);
      else {
        const difference = value - last;
        putNumber(octets, 1 + (difference >= 0 ? 2 * difference : -2 * difference - 1));
        last = value;
      }
    }
  }
  return Uint8Array.from(octets);
}

export function decodeTable(bytes: Uint8Array): Decoded<TableCell[][]> {
  const reader = new NumberReader(bytes);
  if (reader.octet() !== VERSION) return undecodable('the version of the table is unknown');
  const [rowCount, columnCount] = [reader.number(), reader.number()];
  if (rowCount === undefined || columnCount === undefined || rowCount > ROWS_MAX || columnCount > COLUMNS_MAX)
    return undecodable('the size of the table is invalid');
  const rows: TableCell[][] = Array.from({ length: rowCount }, () => []);
  for (let column = 0; column < columnCount; column += 1) {
    let last = 0;
    for (const row of rows) {
      const cell = reader.number();
      if (cell === undefined) return undecodable('the table ends too early');
      if (cell === 0) row.push(null);
      else {
        const folded = cell - 1;
        last += folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
        row.push(last);
      }
    }
  }
  return decoded(rows);
}

function isCell(value: TableCell | undefined): value is number {
  return value !== null && value !== undefined && Number.isInteger(value) && Math.abs(value) <= CELL_MAX;
}

function putNumber(octets: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    octets.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  octets.push(rest);
}

class NumberReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  octet(): number | undefined {
    this.#at += 1;
    return this.#bytes[this.#at - 1];
  }

  /** @returns `undefined` if the number does not end, or is larger than a number can be */
  number(): number | undefined {
    let value = 0;
    for (let factor = 1; factor <= Number.MAX_SAFE_INTEGER; factor *= 0x80) {
      const octet = this.octet();
      if (octet === undefined) return undefined;
      value += (octet % 0x80) * factor;
      if (octet < 0x80) return value <= Number.MAX_SAFE_INTEGER ? value : undefined;
    }
    return undefined;
  }
}
