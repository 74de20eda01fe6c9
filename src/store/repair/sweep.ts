/**
 * Checks every row of the outbox and the inbox while the store opens, and removes rows with a wrong checksum. Any
 * damage in a row (number, lane, length, payload) is found here, counted once and never read again. The keys of the
 * tables are in order (`store-recovery.ts` has checked them), so each row is found by the key it has.
 */
import type { Database } from '../database.ts';
import { isWhole, type StoredRow } from '../row-codec.ts';

const HOT = [
  ['outbox', 'uplink'],
  ['inbox', 'downlink'],
] as const;

/** @returns the number of removed rows; must be called within a transaction */
export function sweep(database: Database): number {
  let removed = 0;
  for (const [table, direction] of HOT) {
    const damaged: bigint[] = [];
    // Key as text: a flipped bit can make a number that JavaScript cannot represent.
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
