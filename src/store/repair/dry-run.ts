/**
 * Opens a private copy of the store as the next start will open the store itself: the same recovery, on files that nobody
 * else has. The originals are read and never changed, and no lock on them is held while the copy is looked at.
 */
import { copyFileSync, cpSync, existsSync, mkdtempSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Fault } from '../../base/fault.ts';
import { StoreCore } from '../core.ts';
import { faultOf, openReadOnly } from '../database.ts';
import { RESERVE_FILE } from '../state-files.ts';
import { quarantinesOf } from './quarantine.ts';

/** What makes up a store, by the ending of its name. */
const PARTS = ['', '-wal', '-highwater', '-suspect'] as const;
/** A copy, what is salvaged of it, and what SQLite writes beside. */
const ROOM_FACTOR = 3;
/** A boot of its own. */
const BOOT = { bootId: 'dry-run', upMs: 0 };

/**
 * @param look also gets what makes a sentence about the copy one about the store
 * @throws Fault `store-locked` while a gateway runs or starts, and what the next start would end with
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
 * A gateway holds the lock of the database for as long as it runs; whatever else is wrong with the file is found later. An empty
 * file is not opened: SQLite, reading only, too, would remove the log beside it (`pagerOpenWalIfPresent` in pager.c).
 */
function refuseRunning(path: string): void {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return;
  try {
    openReadOnly(path).close();
  } catch (error) {
    if (faultOf(error, path).code === 'store-locked') throw error;
  }
}

/** A gateway that starts meanwhile changes its files: then nothing is said. */
function copyStore(path: string, folder: string): void {
  const before = stateOf(path);
  for (const part of PARTS) if (existsSync(path + part)) copyFileSync(path + part, join(folder, basename(path) + part));
  if (existsSync(join(dirname(path), RESERVE_FILE))) writeFileSync(join(folder, RESERVE_FILE), '');
  const quarantines = quarantinesOf(path);
  if (!existsSync(path) && existsSync(quarantines))
    cpSync(quarantines, join(folder, basename(quarantines)), { recursive: true });
  refuseRunning(path);
  if (stateOf(path) !== before)
    throw new Fault('store-locked', `${path} has just been changed: a gateway is starting`, {
      hint: 'try again in a moment: then the gateway itself answers',
      retryable: true,
    });
}

function stateOf(path: string): string {
  return PARTS.map((part) => {
    const { mtimeNs, size, ino } = statSync(path + part, { bigint: true, throwIfNoEntry: false }) ?? {};
    return `${mtimeNs} ${size} ${ino}`;
  }).join();
}

/** @throws Fault where no folder for temporary files has room */
function roomyFolder(path: string): string {
  const bytes = PARTS.reduce((sum, part) => sum + (statSync(path + part, { throwIfNoEntry: false })?.size ?? 0), 0);
  const found = ['/var/tmp', tmpdir()].find((folder) => {
    if (!existsSync(folder)) return false;
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize > ROOM_FACTOR * bytes;
  });
  if (found !== undefined) return found;
  throw new Fault('store-failed', `${path} is to be looked through, and there is no room for a copy of it`, {
    hint: `free ${Math.ceil((ROOM_FACTOR * bytes) / 1_048_576)} MB below /var/tmp, or start the gateway: it tells what it finds`,
  });
}
