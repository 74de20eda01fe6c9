/** Checks a store file completely: SQLite's structures, every checksum, and the ledger beside the rows. Changes nothing. */
import type { Database } from '../database.ts';
import { lanesOf } from '../repair/reconcile.ts';
import { findBroken, reportBroken } from '../repair/record-repair.ts';
import { isWhole as hasSoundStructure } from '../repair/store-recovery.ts';
import { isWhole, type StoredRow } from '../row-codec.ts';

/** Content of a store, in numbers. */
export interface StoreContent {
  readonly uplinks: number;
  readonly downlinks: number;
  readonly deadLetters: number;
  readonly subdevices: number;
}

export interface Verification {
  /** Defects, one sentence each. Empty: the file is sound. */
  readonly problems: readonly string[];
  readonly content: StoreContent;
}

/** Largest number of lines that are taken from `integrity_check`. */
const LINES_MAX = 3;

/** Throws SQLite's errors if the file cannot be read. */
export function verifyStore(database: Database): Verification {
  const lines = database.pragma(`integrity_check(${LINES_MAX})`) as { integrity_check: string }[];
  const structure = lines.map(({ integrity_check }) => integrity_check).filter((line) => line !== 'ok');
  const empty = { uplinks: 0, downlinks: 0, deadLetters: 0, subdevices: 0 };
  if (structure.length > 0) return { problems: structure.map((line) => `SQLite reports: ${line}`), content: empty };
  if (!hasSoundStructure(database, false)) return { problems: ['its tables are not those of a store'], content: empty };
  const uplinks = rowsOf(database, 'uplink');
  const downlinks = rowsOf(database, 'downlink');
  const damaged = uplinks.damaged + downlinks.damaged;
  const unbalanced = lanesOf(database).filter(({ pending, rows }) => pending !== rows);
  return {
    problems: [
      ...reportBroken(findBroken(database)),
      ...(damaged === 0 ? [] : [`${damaged} messages have a wrong checksum`]),
      ...(unbalanced.length === 0 ? [] : [`the ledger does not balance in ${unbalanced.length} lanes`]),
    ],
    content: {
      uplinks: uplinks.rows,
      downlinks: downlinks.rows,
      deadLetters: countIn(database, 'dead_letter'),
      subdevices: countIn(database, 'subdevice'),
    },
  };
}

function rowsOf(database: Database, direction: 'uplink' | 'downlink'): { rows: number; damaged: number } {
  const found = { rows: 0, damaged: 0 };
  const table = direction === 'uplink' ? 'outbox' : 'inbox';
  for (const row of database.prepare(`SELECT * FROM ${table}`).iterate()) {
    found.rows += 1;
    if (!isWhole(direction, row as StoredRow)) found.damaged += 1;
  }
  return found;
}

function countIn(database: Database, table: 'dead_letter' | 'subdevice'): number {
  return Number(database.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
}
