/**
 * Looks at every row of the outbox and the inbox while the store opens, and takes out those whose checksum does not hold:
 * whatever is damaged in a row (number, lane, length, payload), it is found here, counted once and never read again. The
 * keys of the tables are in order (`recovery.ts` has asked SQLite), so each row is found by the key it has.
 */
import type { Database } from '../database.ts';
import { isWhole, type StoredRow } from '../row-codec.ts';

const HOT = [
  ['outbox', 'uplink'],
  ['inbox', 'downlink'],
] as const;

/** @returns how many rows were taken out; within a transaction of the caller's */
export function sweep(database: Database): number {
  let removed = 0;
  for (const [table, direction] of HOT) {
    const damaged: bigint[] = [];
    // the key as text: a flipped bit makes numbers that JavaScript cannot count
    const rows = database.prepare(`SELECT *, CAST(seq AS TEXT) AS key FROM ${table}`);
    for (const found of rows.iterate()) {
      const stored = found as StoredRow & { readonly key: string };
      if (!isWhole(direction, stored)) damaged.push(BigInt(stored.key));
    }
    const remove = database.prepare(`DELETE FROM ${table} WHERE seq = ?`);
    for (const key of damaged) removed += remove.run(key).changes;
  }
  return removed;
}
