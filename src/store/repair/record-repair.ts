/**
 * Finds records of the gateway's own that the medium has damaged, while the store opens: takes them out, and puts the most
 * careful thing in their place. Nothing of it goes by in silence: each table has its sentence in `recovery`.
 */

import type { Database } from '../database.ts';
import { readChecked, writeChecked } from './checked-rows.ts';
import { anewIn, fillGaps, lanesOf, missingIn, reconcileLedger } from './reconcile.ts';
import { CHECKED_TABLES, type CheckedTable } from './row-checksums.ts';

export interface Repair {
  readonly sentences: readonly string[];
  /** Rows that were taken out. */
  readonly records: number;
  /** Messages that other lines of the ledger miss; looked for only if something was damaged. */
  readonly lostRows: number;
  /** No line of the ledger was among them. */
  readonly hasLedger: boolean;
  /** Why messages may be missing that nobody can count. */
  readonly unknown: readonly string[];
  /** Lines of the ledger that begin anew with what is pending. */
  readonly anew: ReadonlySet<number>;
}

/** What becomes of what stood in a damaged row. */
const CONSEQUENCE: Readonly<Record<CheckedTable, string>> = {
  boot: 'ages that reach back to them are lower bounds',
  subdevice: 'their names are lost and their sessions have ended; their uplinks go to the hub',
  subscription: 'nobody knows whose: let the subdevices subscribe again',
  will: 'they are not published, until the subdevices give them again',
  command_mark: 'retained commands on their topics may be carried out once more',
  topic_id: 'the subdevices register again',
  hub_filter: 'the hub is asked for them again',
  alarm_topic: 'alarms that wait may be overtaken by newer ones',
  hub_session: 'whatever is pending may have been sent before, and the session at the hub may be lost',
  hub_gap: 'downlinks may be missing, and nobody knows since when',
  ledger: 'they begin anew with what is pending, and rows lost besides cannot be told',
  sequence: 'message numbers go on behind the highest that is known',
  loss: 'how much was lost at an earlier start is forgotten',
};

/** Within the opening transaction, before anything is read from these tables. */
export function repair(database: Database): Repair {
  const broken = findBroken(database);
  const records = [...broken.values()].reduce((sum, rows) => sum + rows, 0);
  if (records === 0) return { sentences: [], records, lostRows: 0, hasLedger: true, unknown: [], anew: new Set() };
  for (const table of broken.keys()) {
    const sound = [...readChecked(database, table)].filter(({ isSound }) => isSound);
    // written anew as a whole: a damaged key stands in the wrong place of the tree, where no DELETE would find it
    database.exec(`DELETE FROM ${table}`);
    for (const row of sound) writeChecked(database, table, row);
  }
  const lanes = lanesOf(database);
  const lostRows = missingIn(lanes);
  reconcileLedger(database, lanes);
  fillGaps(database, lanes);
  const unknown = reportBroken(new Map([...broken].filter(([table]) => table === 'ledger' || table === 'loss')));
  const hasLedger = !broken.has('ledger');
  return { sentences: reportBroken(broken), records, lostRows, hasLedger, unknown, anew: anewIn(lanes) };
}

/** How many rows of which tables have a checksum that does not hold. Changes nothing. */
export function findBroken(database: Database): ReadonlyMap<CheckedTable, number> {
  const broken = new Map<CheckedTable, number>();
  for (const table of CHECKED_TABLES)
    for (const { isSound } of readChecked(database, table))
      if (!isSound) broken.set(table, (broken.get(table) ?? 0) + 1);
  return broken;
}

/** A sentence for each table. */
export function reportBroken(broken: ReadonlyMap<CheckedTable, number>): string[] {
  return [...broken].map(([table, rows]) => `${rows} damaged in the store's table ${table}: ${CONSEQUENCE[table]}`);
}
