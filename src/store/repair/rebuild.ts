/**
 * Builds a store from the readable part of a damaged one. Rows with a valid CRC keep their numbers, so that they keep
 * their order and precede new messages. Small tables are copied as far as they can be read. The ledger is balanced:
 * messages that it has pending and that are missing count as damaged, and no others do.
 */

import type { Database } from '../database.ts';
import { HISTORY_TABLES } from '../history-ring.ts';
import { readChecked, writeChecked } from './checked-rows.ts';
import { fillGaps, type LaneState, lanesOf, missingIn, reconcileLedger, restartedIn } from './reconcile.ts';
import { CHECKED_TABLES } from './row-checksums.ts';
import { salvageRows } from './salvage.ts';
import { findStrayRows } from './stray-rows.ts';

export interface Rebuilt {
  readonly salvaged: number;
  /** Rows that were read and have a wrong CRC. */
  readonly damaged: number;
  /** Rows that the ledger counts and that cannot be read at all. */
  readonly unreadable: number;
  /** Number of sessions, counters and the like that were left out because of a wrong checksum. */
  readonly records: number;
  /** True if the ledger could be read. Without it the number of missing messages is unknown. */
  readonly hasLedger: boolean;
  /** True if a salvaged message may have been delivered before, while an undelivered one is missing. */
  readonly isDoubtful: boolean;
  /** Lines of the ledger that restart with the salvaged rows. */
  readonly restarted: readonly number[];
}

const HOT = ['outbox', 'inbox'] as const;

export interface RebuildOptions {
  /**
   * The damaged store with its WAL, then the damaged store without its WAL. The second one is used only if the first
   * one does not suffice. Files that could not be opened are left out.
   */
  readonly sources: readonly Database[];
  readonly target: Database;
  /** Path of the damaged file, for rows that SQLite does not find. */
  readonly path: string;
  /** Ledger line → messages pending when the store was last seen. */
  readonly marked: ReadonlyMap<number, number>;
  readonly progress: (sentence: string) => void;
}

export function rebuild({ sources, target, path, marked, progress }: RebuildOptions): Rebuilt {
  const damaged = new Set<string>();
  const records = new Set<string>();
  let lanes: LaneState[] = lanesOf(target);
  let hasLedger = false;
  let isDoubtful = false;
  // removes the row of the new store: nothing is known of the hub session unless its row can be read
  target.exec('DELETE FROM hub_session');
  for (const source of sources) {
    target.exec('BEGIN');
    if (!hasLedger)
      for (const table of [...CHECKED_TABLES, 'dead_letter', ...HISTORY_TABLES])
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
  return { ...counted, hasLedger, isDoubtful, restarted: [...restartedIn(lanes)] };
}

function isKnown(source: Database, table: string): boolean {
  try {
    source.prepare(`SELECT seq, lane, qos, epoch, up_ms, crc, topic, payload FROM ${table}`);
    return true;
  } catch {
    return false; // the schema is damaged
  }
}

/** Copies sound rows, reading from both ends of the table as far as possible. @returns the rows that are not sound */
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
      // reading from the other end may succeed
    }
  }
  return broken;
}
