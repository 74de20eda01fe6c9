/**
 * Restores a backup into the state directory of a stopped gateway: verified first, made safe in a folder of its own, and
 * then put in the place of the old store, which is kept.
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Fault } from '../../base/fault.ts';
import { RESTORED } from '../../base/restored-words.ts';
import { syncFolder } from '../../io/durable/synced-folder.ts';
import { type Database, openDamaged, openDatabase } from '../database.ts';
import { refuseRunning } from '../repair/dry-run.ts';
import { markPathOf, readMark } from '../repair/high-water.ts';
import { STORE_FILE } from '../state-files.ts';
import { faultOf } from '../store-fault.ts';
import { type BackupFacts, readBackupFacts } from './backup-note.ts';
import { makeSafe } from './make-safe.ts';
import { type BeforeStep, completeRestore, decide, stageOf } from './swap-store.ts';
import { type StoreContent, verifyStore } from './verify-store.ts';

/** A verified backup. */
export interface Backup {
  readonly facts: BackupFacts;
  readonly content: StoreContent;
  readonly bytes: number;
}

export interface RestoreOptions {
  readonly stateDir: string;
  readonly file: string;
  readonly dropsDownlinks: boolean;
  /** User who restores the backup, for the journal and the condition of the next start. */
  readonly by: string;
  /** Called with the verified backup before anything is changed. It throws to end the restore. */
  readonly verified: (backup: Backup) => void | Promise<void>;
  /** Called before each step of the replacement. Set in tests only. */
  readonly before?: BeforeStep;
}

export interface Restored extends Backup {
  /** Folder with the old store. `null`: there was none. */
  readonly replaced: string | null;
  /** Downlinks of the backup that were discarded on request. */
  readonly dropped: number;
}

/** Room on the disk for the copy, for SQLite's temporary files, and to start. */
const ROOM_FACTOR = 2;
const ROOM_BYTES = 8 * 1024 * 1024;

/** @throws Fault `usage` if the file is no sound backup, `store-locked` while a gateway runs, and faults of the disk */
export async function restoreStore(options: RestoreOptions): Promise<Restored> {
  const { stateDir, file, before } = options;
  const path = join(stateDir, STORE_FILE);
  completeRestore(path); // an earlier restore may have been interrupted after its decision
  const stage = stageOf(path);
  rmSync(stage, { recursive: true, force: true });
  const unlock = lock(path);
  try {
    refuseNoRoom(stateDir, file);
    mkdirSync(stage, { mode: 0o700 });
    const copy = join(stage, STORE_FILE);
    copyFileSync(file, copy);
    chmodSync(copy, 0o600);
    const { backup, dropped } = await prepare(copy, options);
    const hadStore = ['', '-wal', '-highwater'].some((part) => existsSync(path + part));
    const aside = decide(path, before);
    completeRestore(path, before);
    return { ...backup, dropped, replaced: hadStore ? aside : null };
  } catch (error) {
    throw faultOf(error, path);
  } finally {
    unlock();
    rmSync(stage, { recursive: true, force: true });
  }
}

/**
 * Keeps a gateway from opening the present store. A file that is no database cannot be locked. @returns a function that
 * ends the lock
 */
function lock(path: string): () => void {
  refuseRunning(path);
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return () => undefined;
  const database = openDamaged(path);
  try {
    database?.exec('BEGIN; SELECT count(*) FROM sqlite_schema'); // a read keeps the shared lock of the file
  } catch (error) {
    database?.close();
    if (faultOf(error, path).code === 'store-locked') throw error;
    return () => undefined;
  }
  return () => database?.close();
}

/** Verifies the copy and makes it safe, in a stage of its own. */
async function prepare(copy: string, options: RestoreOptions): Promise<{ backup: Backup; dropped: number }> {
  const { stateDir, file, dropsDownlinks, verified, by } = options;
  const database = openBackup(copy, file);
  let dropped: number;
  let backup: Backup;
  try {
    backup = verify(database, file);
    await verified(backup);
    const sentence = `${RESTORED} ${dateOf(backup.facts)} by ${by}: messages accepted after it are not in it, and messages delivered after it may be sent again`;
    const replaced = readMark(markPathOf(join(stateDir, STORE_FILE)));
    dropped = makeSafe(database, { path: copy, sentence, replaced, dropsDownlinks });
    database.pragma('journal_mode = DELETE');
  } finally {
    database.close();
  }
  const stage = dirname(copy);
  own(stage, stateDir);
  for (const name of readdirSync(stage)) syncFile(join(stage, name));
  syncFolder(stage);
  return { backup, dropped };
}

function openBackup(copy: string, file: string): Database {
  try {
    return openDatabase(copy); // upgrades the backup of an older version
  } catch (error) {
    throw readable(error, file);
  }
}

function verify(database: Database, file: string): Backup {
  try {
    const { problems, content } = verifyStore(database);
    if (problems.length > 0) throw refusedFile(file, `is damaged: ${problems.join('; ')}`);
    const facts = readBackupFacts(database);
    if (facts === undefined) throw refusedFile(file, 'is no backup: it has no valid note of a backup');
    return { facts, content, bytes: statSync(file).size };
  } catch (error) {
    throw readable(error, file);
  }
}

/** Fault of reading a backup, in words about the file that was named. */
function readable(error: unknown, file: string): Fault {
  const fault = faultOf(error, file);
  if (error instanceof Fault && error.code === 'usage') return error;
  if (fault.code === 'store-newer')
    return refusedFile(
      file,
      'was written by a newer version of holdfast',
      'Install that version, and run the command again.',
    );
  return fault.code === 'store-corrupt' || fault.code === 'store-failed'
    ? refusedFile(file, `is damaged, or is no backup (${fault.message})`)
    : fault;
}

function refusedFile(
  file: string,
  what: string,
  hint = 'Name a file that holdfast backup has written. Nothing was changed.',
): Fault {
  return new Fault('usage', `${file} ${what}`, { hint });
}

function dateOf({ takenAtMs }: BackupFacts): string {
  return `${new Date(takenAtMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** Makes the owner of the state directory the owner of a folder and its content: root may run this command. */
function own(folder: string, stateDir: string): void {
  const { uid, gid } = statSync(stateDir);
  if (process.geteuid?.() !== 0) return;
  chownSync(folder, uid, gid);
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) own(path, stateDir);
    else chownSync(path, uid, gid);
  }
}

function refuseNoRoom(stateDir: string, file: string): void {
  const needed = ROOM_FACTOR * statSync(file).size + ROOM_BYTES;
  const { bavail, bsize } = statfsSync(stateDir);
  if (bavail * bsize >= needed) return;
  throw new Fault('store-full', `The disk of ${stateDir} has no room for the backup`, {
    hint: `Free at least ${Math.ceil(needed / 1_048_576)} MB on it. Nothing was changed.`,
    retryable: true,
  });
}

function syncFile(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
