/** Reads and writes the gateway's own records as they are, each with the word of its checksum (`seals.ts`). */
import type { Database } from '../database.ts';
import { checksumOf } from './row-checksums.ts';

export interface CheckedRow {
  readonly columns: readonly string[];
  /** In the order of `columns`, as SQLite has them. */
  readonly values: readonly unknown[];
  /** Its checksum holds. If not, no value in it is to be believed. */
  readonly isSound: boolean;
}

/** @param order an ORDER BY clause. A table without checksums (dead letters, an earlier schema) passes for sound. */
export function* readChecked(database: Database, table: string, order = ''): Iterable<CheckedRow> {
  const select = database.prepare(`SELECT * FROM ${table} ${order}`).raw();
  const columns = select.columns().map(({ name }) => name);
  const place = columns.indexOf('crc');
  for (const found of select.iterate()) {
    const values = found as unknown[];
    yield { columns, values, isSound: place === -1 || values[place] === checksumOf(values.toSpliced(place, 1)) };
  }
}

/** Into the same table, there or in another store. */
export function writeChecked(database: Database, table: string, { columns, values }: CheckedRow): void {
  const places = columns.map(() => '?').join(',');
  database.prepare(`INSERT OR REPLACE INTO ${table} (${columns.join(',')}) VALUES (${places})`).run(...values);
}
