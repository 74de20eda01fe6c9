/**
 * Opens a private copy of the store in the same way as the next start will open the store, with the same recovery. The
 * originals are read and never changed. No lock on them is held while the copy is read.
 */
import { copyFileSync, cpSync, existsSync, mkdtempSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Fault } from '../../base/fault.ts';
import { RESTORING_FOLDER } from '../backup/swap-store.ts';
import { StoreCore } from '../core.ts';
import { openReadOnly } from '../database.ts';
import { RESERVE_FILE } from '../state-files.ts';
import { faultOf } from '../store-fault.ts';
import { quarantinesOf } from './quarantine.ts';

/** Files of a store, by the ending of the name. */
const PARTS = ['', '-wal', '-highwater', '-suspect'] as const;
/** Room for a copy, for the salvaged store, and for SQLite's temporary files. */
const ROOM_FACTOR = 3;
/** Boot id of the copy. */
const BOOT = { bootId: 'dry-run', upMs: 0 };

/**
 * @param look receives the copy, and a function that replaces the copy's path by the store's path in a sentence
 * @throws Fault `store-locked` while a gateway runs or starts, and the fault that would end the next start
 */
export function dryRun<T>(path: string, look: (core: StoreCore, words: (sentence: string) => string) => T): T {
  refuseRunning(path);
  const folder = mkdtempSync(join(roomyFolder(path), 'holdfast-dry-run-'));
  const inPlace = (sentence: string): string => sentence.replaceAll(folder, dirname(path));
  try {
    copyStore(path, folder);
    const core = new StoreCore({ path: join(folder, basename(path)), ...BOOT });
    try {
      return look(core, inPlace);
    } finally {
      core.database.close();
    }
  } catch (error) {
    const { code, message, hint, retryable } = faultOf(error, path);
    throw new Fault(code, inPlace(message), { hint, retryable, cause: error });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Throws if a gateway holds the lock of the database. Other faults of the file are found later. An empty file is not
 * opened: SQLite would remove the WAL beside it even in a read-only connection (`pagerOpenWalIfPresent` in pager.c).
 */
export function refuseRunning(path: string): void {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return;
  try {
    openReadOnly(path).close();
  } catch (error) {
    if (faultOf(error, path).code === 'store-locked') throw error;
  }
}

/** Copies the files, and throws if a gateway that starts meanwhile changes them. */
export function copyStore(path: string, folder: string): void {
  const before = stateOf(path);
  for (const part of PARTS) if (existsSync(path + part)) copyFileSync(path + part, join(folder, basename(path) + part));
  if (existsSync(join(dirname(path), RESERVE_FILE))) writeFileSync(join(folder, RESERVE_FILE), '');
  const quarantines = quarantinesOf(path);
  if (!existsSync(path) && existsSync(quarantines))
    cpSync(quarantines, join(folder, basename(quarantines)), { recursive: true });
  const restoring = join(dirname(path), RESTORING_FOLDER);
  if (existsSync(restoring)) cpSync(restoring, join(folder, RESTORING_FOLDER), { recursive: true });
  refuseRunning(path);
  if (stateOf(path) !== before)
    throw new Fault('store-locked', `${path} changed while it was copied: a gateway is starting`, {
      hint: 'run the command again: the running gateway will answer',
      retryable: true,
    });
}

function stateOf(path: string): string {
  return PARTS.map((part) => {
    const { mtimeNs, size, ino } = statSync(path + part, { bigint: true, throwIfNoEntry: false }) ?? {};
    return `${mtimeNs} ${size} ${ino}`;
  }).join();
}

/** @throws Fault if no folder for temporary files has room */
function roomyFolder(path: string): string {
  const bytes = PARTS.reduce((sum, part) => sum + (statSync(path + part, { throwIfNoEntry: false })?.size ?? 0), 0);
  const found = ['/var/tmp', tmpdir()].find((folder) => {
    if (!existsSync(folder)) return false;
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize > ROOM_FACTOR * bytes;
  });
  if (found !== undefined) return found;
  throw new Fault('store-failed', `${path} cannot be checked: there is no room for a copy`, {
    hint: `free ${Math.ceil((ROOM_FACTOR * bytes) / 1_048_576)} MB below /var/tmp, or start the gateway: it reports what it finds`,
  });
}
