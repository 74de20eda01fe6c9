/** Reads and writes the gateway's own records unchanged, and checks each checksum (`row-checksums.ts`). */
import type { Database } from '../database.ts';
import { checksumOf } from './row-checksums.ts';

export interface CheckedRow {
  readonly columns: readonly string[];
  /** Values in the order of `columns`, with SQLite's types. */
  readonly values: readonly unknown[];
  /** True if the checksum is valid. If not, no value of the row can be trusted. */
  readonly isSound: boolean;
}

/**
 * Reads all rows of a table. Rows of a table without checksums (dead letters, an earlier schema) count as sound. @param
 * order an ORDER BY clause
 */
export function* readChecked(database: Database, table: string, order = ''): Iterable<CheckedRow> {
  const select = database.prepare(`SELECT * FROM ${table} ${order}`).raw();
  const columns = select.columns().map(({ name }) => name);
  const place = columns.indexOf('crc');
  for (const found of select.iterate()) {
    const values = found as unknown[];
    yield { columns, values, isSound: place === -1 || values[place] === checksumOf(values.toSpliced(place, 1)) };
  }
}

/** Writes the row into the same table of the same or another store. */
export function writeChecked(database: Database, table: string, { columns, values }: CheckedRow): void {
  const places = columns.map(() => '?').join(',');
  database.prepare(`INSERT OR REPLACE INTO ${table} (${columns.join(',')}) VALUES (${places})`).run(...values);
}
