/**
 * Finds damaged records of the gateway's own while the store opens, removes them, and replaces them by the safest
 * assumption. Each affected table has a sentence in `recovery`.
 */

import type { Database } from '../database.ts';
import { readChecked, writeChecked } from './checked-rows.ts';
import { fillGaps, lanesOf, missingIn, reconcileLedger, restartedIn } from './reconcile.ts';
import { CHECKED_TABLES, type CheckedTable } from './row-checksums.ts';

export interface Repair {
  readonly sentences: readonly string[];
  /** Number of rows removed. */
  readonly records: number;
  /** Messages missing from other lines of the ledger. Counted only if something was damaged. */
  readonly lostRows: number;
  /** False if lines of the ledger were damaged. */
  readonly hasLedger: boolean;
  /** Reasons why messages may be missing that cannot be counted. */
  readonly unknown: readonly string[];
  /** Lines of the ledger that restart with the pending rows. */
  readonly restarted: ReadonlySet<number>;
}

/** Consequence of a damaged row, by table. */
const CONSEQUENCE: Readonly<Record<CheckedTable, string>> = {
  boot: 'ages that reach back to these boots are lower bounds',
  subdevice: 'the names of these subdevices are lost and their sessions have ended; their uplinks still go to the hub',
  subscription: 'the affected subdevices are unknown: let the subdevices subscribe again',
  will: 'these wills are not published until the subdevices set them again',
  command_mark: 'retained commands on these topics may be executed once more',
  topic_id: 'the subdevices register these topics again',
  hub_filter: 'the gateway subscribes to these filters again',
  alarm_topic: 'newer alarms may overtake waiting ones',
  hold: 'these operator holds have ended, and their messages are sent',
  hub_session: 'pending messages may have been sent before, and the session at the hub may be lost',
  hub_gap: 'downlinks may be missing since an unknown time',
  ledger: 'these counters restart with the pending messages; the number of other lost rows is unknown',
  sequence: 'message numbers continue after the highest known number',
  loss: 'the losses found at an earlier start are no longer known',
  machine: 'a copy of this store on another machine is not recognised until the next start',
  backlog_limit: 'the backlog is sent at the rate of the hub again',
};

/** Must be called within the opening transaction, before these tables are read. */
export function repair(database: Database): Repair {
  const broken = findBroken(database);
  const records = [...broken.values()].reduce((sum, rows) => sum + rows, 0);
  if (records === 0) return { sentences: [], records, lostRows: 0, hasLedger: true, unknown: [], restarted: new Set() };
  for (const table of broken.keys()) {
    const sound = [...readChecked(database, table)].filter(({ isSound }) => isSound);
    // The whole table is written again: a damaged key is at the wrong position in the tree, where no DELETE would find
    // it.
    database.exec(`DELETE FROM ${table}`);
    for (const row of sound) writeChecked(database, table, row);
  }
  const lanes = lanesOf(database);
  const lostRows = missingIn(lanes);
  reconcileLedger(database, lanes);
  fillGaps(database, lanes);
  const unknown = reportBroken(new Map([...broken].filter(([table]) => table === 'ledger' || table === 'loss')));
  const hasLedger = !broken.has('ledger');
  return { sentences: reportBroken(broken), records, lostRows, hasLedger, unknown, restarted: restartedIn(lanes) };
}

/** Table → number of rows with a wrong checksum. Changes nothing. */
export function findBroken(database: Database): ReadonlyMap<CheckedTable, number> {
  const broken = new Map<CheckedTable, number>();
  for (const table of CHECKED_TABLES)
    for (const { isSound } of readChecked(database, table))
      if (!isSound) broken.set(table, (broken.get(table) ?? 0) + 1);
  return broken;
}

/** One sentence for each table. */
export function reportBroken(broken: ReadonlyMap<CheckedTable, number>): string[] {
  return [...broken].map(
    ([table, rows]) => `${rows} damaged rows in table ${table} of the store: ${CONSEQUENCE[table]}`,
  );
}
