/**
 * Builds a store from what can be read of a damaged one: rows whose CRC holds, with their numbers, so that they come out in
 * their order and ahead of everything new; and the small tables as far as they go. The books are closed over what is
 * missing: what the ledger says is pending and is not there is damaged, and nothing else is.
 */

import type { Database } from '../database.ts';
import { readChecked, writeChecked } from './checked-rows.ts';
import { anewIn, fillGaps, type LaneState, lanesOf, missingIn, reconcileLedger } from './reconcile.ts';
import { CHECKED_TABLES } from './row-checksums.ts';
import { salvageRows } from './salvage.ts';
import { findStrayRows } from './stray-rows.ts';

export interface Rebuilt {
  readonly salvaged: number;
  /** Read, and not whole. */
  readonly damaged: number;
  /** In the books, and not to be read at all. */
  readonly unreadable: number;
  /** Sessions, counters and the like whose checksum did not hold: left out. */
  readonly records: number;
  /** The ledger could be read: without it nobody knows how many are missing. */
  readonly hasLedger: boolean;
  /** A salvaged message may have been delivered before, and another that was not is missing in its place. */
  readonly isDoubtful: boolean;
  /** Lines of the ledger that begin anew with what was salvaged. */
  readonly anew: readonly number[];
}

const HOT = ['outbox', 'inbox'] as const;

export interface RebuildOptions {
  /** The damaged store with its log, then, if that does not suffice, without; none that could not be opened. */
  readonly sources: readonly Database[];
  readonly target: Database;
  /** Of the damaged file, for what SQLite does not find in it. */
  readonly path: string;
  /** By line of the ledger: messages pending when the store was last seen. */
  readonly marked: ReadonlyMap<number, number>;
  readonly progress: (sentence: string) => void;
}

export function rebuild({ sources, target, path, marked, progress }: RebuildOptions): Rebuilt {
  const damaged = new Set<string>();
  const records = new Set<string>();
  let lanes: LaneState[] = lanesOf(target);
  let hasLedger = false;
  let isDoubtful = false;
  target.exec('DELETE FROM hub_session'); // of a birth: nothing is known of the hub unless it can be read
  for (const source of sources) {
    target.exec('BEGIN');
    if (!hasLedger)
      for (const table of [...CHECKED_TABLES, 'dead_letter'])
        for (const row of copySmall(source, target, table)) records.add(`${table} ${row}`);
    for (const table of HOT.filter((name) => isKnown(source, name)))
      for (const key of salvageRows({ source, target, table, progress })) damaged.add(`${table} ${key}`);
    target.exec('COMMIT');
    hasLedger ||= (target.prepare('SELECT count(*) AS lanes FROM ledger').get() as { lanes: number }).lanes > 0;
    lanes = lanesOf(target);
    if (hasLedger && missingIn(lanes) === 0) break;
  }
  if (!hasLedger || missingIn(lanes) > 0) {
    isDoubtful = target.transaction(() => findStrayRows({ path, target, hasLedger, marked, progress }))();
    lanes = lanesOf(target);
  }
  const missing = missingIn(lanes);
  const broken = Math.min(damaged.size, hasLedger ? missing : damaged.size);
  target.transaction(() => {
    reconcileLedger(target, lanes);
    fillGaps(target, lanes);
  })();
  const salvaged = lanes.reduce((sum, { rows }) => sum + rows, 0);
  const unreadable = Math.max(0, missing - broken);
  const counted = { salvaged, damaged: broken, unreadable, records: records.size };
  return { ...counted, hasLedger, isDoubtful, anew: [...anewIn(lanes)] };
}

function isKnown(source: Database, table: string): boolean {
  try {
    source.prepare(`SELECT seq, lane, qos, epoch, up_ms, crc, topic, payload FROM ${table}`);
    return true;
  } catch {
    return false; // where the schema is noise
  }
}

/** Sound rows, from both ends, as far as it goes. @returns those that are not */
function copySmall(source: Database, target: Database, table: string): string[] {
  const broken: string[] = [];
  for (const order of ['', 'ORDER BY 1 DESC']) {
    try {
      for (const row of readChecked(source, table, order)) {
        if (row.isSound) writeChecked(target, table, row);
        else broken.push(JSON.stringify(row.values));
      }
      return broken;
    } catch {
      // the other end may go further
    }
  }
  return broken;
}
