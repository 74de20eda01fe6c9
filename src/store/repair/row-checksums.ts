/**
 * Checksums on the gateway's own records: every table that holds no messages has a column `crc`, CRC-32 over the other
 * columns of its row (messages have their own, `row-codec.ts`).
 *
 * Triggers of the connection write it, so no writer can forget to. They also refuse to change a row whose checksum does not
 * hold: a change would seal the damage. Then the process ends with 74, and the next opening mends (`mending.ts`).
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
  'ledger',
  'sequence',
  'loss',
] as const;

export type CheckedTable = (typeof CHECKED_TABLES)[number];

/** What is needed of a connection; `database.ts` opens it, with these. */
interface Connection {
  function(
    name: string,
    options: { varargs: boolean; deterministic: boolean },
    seal: (...values: unknown[]) => number,
  ): unknown;
  pragma(asked: string): unknown;
  exec(sql: string): unknown;
}

/** Teaches a connection the SQL function `seal`. */
export function defineChecksum(database: Connection): void {
  database.function('seal', { varargs: true, deterministic: true }, (...values: unknown[]) => checksumOf(values));
}

/** From now on what this connection writes is sealed. The tables have the newest schema. */
export function checksumWrites(database: Connection): void {
  const triggers = CHECKED_TABLES.map((table) => {
    const columns = database.pragma(`table_info(${table})`) as { name: string; pk: number }[];
    const others = columns.map(({ name }) => name).filter((name) => name !== 'crc');
    const keys = columns.filter(({ pk }) => pk > 0).map(({ name }) => `${name} = NEW.${name}`);
    const seal = `UPDATE ${table} SET crc = ${sealing('NEW', others)} WHERE ${keys.join(' AND ')};`;
    return `
      CREATE TEMP TRIGGER seal_new_${table} AFTER INSERT ON main.${table} BEGIN ${seal} END;
      CREATE TEMP TRIGGER seal_changed_${table} AFTER UPDATE OF ${others} ON main.${table} BEGIN ${seal} END;
      CREATE TEMP TRIGGER refuse_broken_${table} BEFORE UPDATE OF ${others} ON main.${table}
        WHEN OLD.crc IS NOT ${sealing('OLD', others)}
        BEGIN SELECT RAISE(ABORT, 'a damaged row of ${table} was about to be changed'); END;`;
  });
  database.exec(`BEGIN; ${triggers.join('')} COMMIT;`);
}

function sealing(row: 'NEW' | 'OLD', columns: readonly string[]): string {
  return `seal(${columns.map((name) => `${row}.${name}`).join(', ')})`;
}

/** JSON keeps apart what SQLite keeps apart: NULL, numbers, texts, blobs, and where one value ends. */
export function checksumOf(values: readonly unknown[]): number {
  return crc32(JSON.stringify(values));
}
