/**
 * Checksums of the gateway's own records: every table without messages has a column `crc`, a CRC-32 over the other
 * columns of its row (messages have their own, `row-codec.ts`).
 *
 * Triggers of the connection write it, so no writer can omit it. The triggers also reject a change of a row with a
 * wrong checksum, because the change would give the damage a valid checksum. The process then ends with 74, and the
 * next opening repairs the row (`record-repair.ts`).
 */
import { crc32 } from 'node:zlib';

export const CHECKED_TABLES = [
  'boot',
  'subdevice',
  'subscription',
  'topic_id',
  'will',
  'command_mark',
  'hub_filter',
  'hub_session',
  'hub_gap',
  'alarm_topic',
  'hold',
  'ledger',
  'sequence',
  'loss',
  'backlog_limit',
  'machine',
] as const;

export type CheckedTable = (typeof CHECKED_TABLES)[number];

/** Methods of a connection that are needed here. `database.ts` opens the connection and uses this file. */
interface Connection {
  function(
    name: string,
    options: { varargs: boolean; deterministic: boolean },
    checksum: (...values: unknown[]) => number,
  ): unknown;
  pragma(asked: string): unknown;
  exec(sql: string): unknown;
}

/** Defines the SQL function `seal`, the checksum of its arguments. The migrations use it under this name. */
export function defineChecksum(database: Connection): void {
  database.function('seal', { varargs: true, deterministic: true }, (...values: unknown[]) => checksumOf(values));
}

/** Creates the triggers. From now on every write of this connection sets the checksum. Requires the newest schema. */
export function checksumWrites(database: Connection): void {
  const triggers = CHECKED_TABLES.map((table) => {
    const columns = database.pragma(`table_info(${table})`) as { name: string; pk: number }[];
    const others = columns.map(({ name }) => name).filter((name) => name !== 'crc');
    const keys = columns.filter(({ pk }) => pk > 0).map(({ name }) => `${name} = NEW.${name}`);
    const update = `UPDATE ${table} SET crc = ${checksumSql('NEW', others)} WHERE ${keys.join(' AND ')};`;
    return `
      CREATE TEMP TRIGGER checksum_new_${table} AFTER INSERT ON main.${table} BEGIN ${update} END;
      CREATE TEMP TRIGGER checksum_changed_${table} AFTER UPDATE OF ${others} ON main.${table} BEGIN ${update} END;
      CREATE TEMP TRIGGER reject_broken_${table} BEFORE UPDATE OF ${others} ON main.${table}
        WHEN OLD.crc IS NOT ${checksumSql('OLD', others)}
        BEGIN SELECT RAISE(ABORT, 'attempt to change a damaged row of ${table}'); END;`;
  });
  database.exec(`BEGIN; ${triggers.join('')} COMMIT;`);
}

function checksumSql(row: 'NEW' | 'OLD', columns: readonly string[]): string {
  return `seal(${columns.map((name) => `${row}.${name}`).join(', ')})`;
}

/** JSON distinguishes everything that SQLite distinguishes: NULL, numbers, texts, blobs, and the end of each value. */
export function checksumOf(values: readonly unknown[]): number {
  return crc32(JSON.stringify(values));
}
