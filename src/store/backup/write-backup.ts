/**
 * Backup of a store: one file, complete and verified before it gets its name.
 *
 *     copy in a folder beside the target ─▶ without WAL, with its facts ─▶ verified ─▶ renamed
 *
 * The copy of a running gateway's database is made while its file is kept still (`Store.still`). The store of a stopped
 * gateway is copied with its WAL.
 */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Fault } from '../../base/fault.ts';
import { syncFolder } from '../../io/durable/synced-folder.ts';
import { openDatabase, openReadOnly } from '../database.ts';
import { copyStore, refuseRunning } from '../repair/dry-run.ts';
import { isWalOwn } from '../repair/wal-owner.ts';
import { STORE_FILE } from '../state-files.ts';
import { faultOf } from '../store-fault.ts';
import { type BackupFacts, writeBackupFacts } from './backup-note.ts';
import { type StoreContent, verifyStore } from './verify-store.ts';

/** Copies the store of a stopped gateway into `folder`. @throws Fault `store-locked` while a gateway runs or starts */
export function copyStoppedStore(stateDir: string, folder: string): void {
  const path = join(stateDir, STORE_FILE);
  try {
    refuseRunning(path);
    copyStore(path, folder);
  } catch (error) {
    throw faultOf(error, path);
  }
}

export interface FinishedBackup {
  readonly content: StoreContent;
  readonly bytes: number;
}

/**
 * Makes a backup of the copy in `folder` and gives it its name. @throws Fault `store-corrupt` if the copy is not sound;
 * then there is no file of that name
 */
export function finishBackup(folder: string, target: string, facts: BackupFacts): FinishedBackup {
  const copy = join(folder, STORE_FILE);
  const content = sealCopy(copy, facts);
  for (const ending of ['-wal', '-shm', '-highwater', '-suspect']) rmSync(copy + ending, { force: true });
  syncFile(copy);
  renameSync(copy, target);
  syncFolder(dirname(target));
  return { content, bytes: statSync(target).size };
}

function sealCopy(copy: string, facts: BackupFacts): StoreContent {
  try {
    if (!isWalOwn(copy)) throw unsound(['its WAL belongs to another store']);
    const database = openDatabase(copy);
    try {
      database.transaction(() => writeBackupFacts(database, facts))();
      database.pragma('journal_mode = DELETE'); // one file, which opens without a WAL
    } finally {
      database.close();
    }
    const sealed = openReadOnly(copy);
    try {
      const { problems, content } = verifyStore(sealed);
      if (problems.length > 0) throw unsound(problems);
      return content;
    } finally {
      sealed.close();
    }
  } catch (error) {
    const fault = faultOf(error, copy);
    throw fault.code === 'store-corrupt' && !(error instanceof Fault) ? unsound([fault.message]) : fault;
  }
}

function unsound(problems: readonly string[]): Fault {
  return new Fault(
    'store-corrupt',
    `The copy of the store is damaged, and no backup was written: ${problems.join('; ')}`,
    {
      hint: 'Restart the gateway: it repairs its store and reports what is missing (holdfast status). Then run the command again.',
    },
  );
}

function syncFile(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
