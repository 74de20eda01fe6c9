/**
 * Finds records of the gateway's own that the medium has damaged, while the store opens: takes them out, and puts the most
 * careful thing in their place. Nothing of it goes by in silence: each table has its sentence in `recovery`.
 */
import { anewIn, closeBooks, fillGaps, lanesOf, missingIn } from './reconcile.ts';
import type { Database } from '../database.ts';
import { readSealed, writeSealed } from './checked-rows.ts';
import { SEALED, type Sealed } from './row-checksums.ts';

export interface Mending {
  readonly sentences: readonly string[];
  /** Rows that were taken out. */
  readonly records: number;
  /** Messages that other lines of the ledger miss; looked for only if something was damaged. */
  readonly lostRows: number;
  /** No line of the ledger was among them. */
  readonly hasBooks: boolean;
  /** Why messages may be missing that nobody can count. */
  readonly unknown: readonly string[];
  /** Lines of the ledger that begin anew with what is pending. */
  readonly anew: ReadonlySet<number>;
}

/** What becomes of what stood in a damaged row. */
const CONSEQUENCE: Readonly<Record<Sealed, string>> = {
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
export function mend(database: Database): Mending {
  const broken = findBroken(database);
  const records = [...broken.values()].reduce((sum, rows) => sum + rows, 0);
  if (records === 0) return { sentences: [], records, lostRows: 0, hasBooks: true, unknown: [], anew: new Set() };
  for (const table of broken.keys()) {
    const sound = [...readSealed(database, table)].filter(({ isSound }) => isSound);
    // written anew as a whole: a damaged key stands in the wrong place of the tree, where no DELETE would find it
    database.exec(`DELETE FROM ${table}`);
    for (const row of sound) writeSealed(database, table, row);
  }
  const lanes = lanesOf(database);
  const lostRows = missingIn(lanes);
  closeBooks(database, lanes);
  fillGaps(database, lanes);
  const unknown = tellBroken(new Map([...broken].filter(([table]) => table === 'ledger' || table === 'loss')));
  const hasBooks = !broken.has('ledger');
  return { sentences: tellBroken(broken), records, lostRows, hasBooks, unknown, anew: anewIn(lanes) };
}

/** How many rows of which tables have a checksum that does not hold. Changes nothing. */
export function findBroken(database: Database): ReadonlyMap<Sealed, number> {
  const broken = new Map<Sealed, number>();
  for (const table of SEALED)
    for (const { isSound } of readSealed(database, table))
      if (!isSound) broken.set(table, (broken.get(table) ?? 0) + 1);
  return broken;
}

/** A sentence for each table. */
export function tellBroken(broken: ReadonlyMap<Sealed, number>): string[] {
  return [...broken].map(([table, rows]) => `${rows} damaged in the store's table ${table}: ${CONSEQUENCE[table]}`);
}
