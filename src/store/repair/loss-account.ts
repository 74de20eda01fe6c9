/**
 * Losses found by an opening store: by its recovery, in its own records, row by row, and by comparison with its
 * high-water mark. Each loss is in the ledger as damaged once. A loss that cannot be counted has a sentence in the
 * table `loss` until an operator acknowledges it.
 */
import type { Stamp } from '../../base/time.ts';
import { takeRestored } from '../backup/backup-note.ts';
import type { Database } from '../database.ts';
import type { HighWaterMark } from './high-water-check.ts';
import { lanesOf, missingIn, reconcileLedger } from './reconcile.ts';
import { repair } from './record-repair.ts';
import type { Opened } from './store-recovery.ts';
import { sweep } from './sweep.ts';

interface Found {
  /** Messages counted as damaged in the ledger. */
  readonly messages: number;
  readonly unknown: readonly string[];
  /** Findings and actions, one sentence each. */
  readonly sentences: readonly string[];
  /** True if damage was found, whether or not anything is missing for it. */
  readonly isDamaged: boolean;
  /** Number of the gateway's own records that were removed. */
  readonly records: number;
}

/**
 * Finds all losses, and counts them in the ledger. Must be called within the opening transaction, before the tables are
 * read.
 */
export function findLosses(database: Database, opened: Opened, highWater: HighWaterMark | undefined): Found {
  const removed = opened.isChecked ? sweep(database) : 0;
  const repaired = repair(database);
  const marked = highWater?.check({
    isNew: opened.isNew,
    hasLedger: opened.hasLedger && repaired.hasLedger,
    restarted: new Set([...opened.restarted, ...repaired.restarted]),
  }) ?? { damaged: 0, sentences: [], unknown: [] };
  const settled = opened.isChecked ? settle(database, removed, repaired.hasLedger && opened.hasLedger) : 0;
  const looked =
    settled === 0 ? [] : [`${settled} messages in the store are damaged or missing: they are counted as damaged`];
  const found = [...repaired.sentences, ...marked.sentences, ...looked];
  const restored = takeRestored(database) ?? [];
  return {
    messages: opened.lostRows + repaired.lostRows + marked.damaged + settled,
    unknown: [opened.unknown, repaired.unknown, marked.unknown, restored].flat(),
    sentences: [opened.recovery, found, restored].flat(),
    isDamaged: opened.isDamaged || found.length > 0,
    records: repaired.records,
  };
}

/** Stores the losses. */
export function enterLoss(database: Database, { messages, unknown }: Found, at: Stamp): void {
  if (messages === 0 && unknown.length === 0) return;
  database
    .prepare('INSERT INTO loss (epoch, up_ms, messages, unknown) VALUES (?,?,?,?)')
    .run(at.epoch, Math.floor(at.upMs), messages, unknown.length === 0 ? null : unknown.join('; '));
}

/**
 * Makes the ledger agree with the existing rows. Removed rows whose line restarted are accepted and damaged.
 * @returns the number of messages counted as damaged for it
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
