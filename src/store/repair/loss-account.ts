/**
 * What an opening store finds lost: by its recovery, in its own records, row by row, and against its high-water mark. Each
 * loss is in the ledger as damaged once; what nobody can count has its sentence in the table `loss`, until it is acknowledged.
 */
import type { Stamp } from '../../base/time.ts';
import type { Database } from '../database.ts';
import type { HighWaterMark } from './high-water-check.ts';
import { lanesOf, missingIn, reconcileLedger } from './reconcile.ts';
import { repair } from './record-repair.ts';
import type { Opened } from './store-recovery.ts';
import { sweep } from './sweep.ts';

interface Found {
  /** Messages, in the ledger as damaged. */
  readonly messages: number;
  readonly unknown: readonly string[];
  /** What was found and done, one sentence each. */
  readonly sentences: readonly string[];
  /** Records of the gateway's own that were taken out. */
  readonly records: number;
}

/** Within the opening transaction, before anything is read from the tables. */
export function findLosses(database: Database, opened: Opened, highWater: HighWaterMark | undefined): Found {
  const removed = opened.isChecked ? sweep(database) : 0;
  const mending = repair(database);
  const testimony = highWater?.check({
    isNew: opened.isNew,
    hasLedger: opened.hasLedger && mending.hasLedger,
    anew: new Set([...opened.anew, ...mending.anew]),
  }) ?? { damaged: 0, sentences: [], unknown: [] };
  const settled = opened.isChecked ? settle(database, removed, mending.hasLedger && opened.hasLedger) : 0;
  const looked =
    settled === 0 ? [] : [`${settled} messages in the store are damaged or missing: they are counted as damaged`];
  return {
    messages: opened.lostRows + mending.lostRows + testimony.damaged + settled,
    unknown: [...opened.unknown, ...mending.unknown, ...testimony.unknown],
    sentences: [...opened.recovery, ...mending.sentences, ...testimony.sentences, ...looked],
    records: mending.records,
  };
}

/** Keeps what was found. */
export function enterLoss(database: Database, { messages, unknown }: Found, at: Stamp): void {
  if (messages === 0 && unknown.length === 0) return;
  database
    .prepare('INSERT INTO loss (epoch, up_ms, messages, unknown) VALUES (?,?,?,?)')
    .run(at.epoch, Math.floor(at.upMs), messages, unknown.length === 0 ? null : unknown.join('; '));
}

/**
 * The ledger agrees with the rows that are there. Rows that were taken out and whose line began anew are accepted and damaged.
 * @returns the messages that it counts as damaged for it
 */
function settle(database: Database, removed: number, hasLedger: boolean): number {
  const lanes = lanesOf(database);
  const missing = missingIn(lanes);
  if (lanes.some(({ pending, rows }) => pending !== rows)) reconcileLedger(database, lanes);
  const unclaimed = hasLedger ? 0 : Math.max(0, removed - missing);
  if (unclaimed > 0) {
    database.exec("INSERT OR IGNORE INTO ledger VALUES (0,0,0,0,0,'{}',0,0,NULL)");
    database
      .prepare('UPDATE ledger SET accepted = accepted + ?, damaged = damaged + ? WHERE id = 0')
      .run(unclaimed, unclaimed);
  }
  return missing + unclaimed;
}
