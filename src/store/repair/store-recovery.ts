/**
 * Opens the store after making it openable: the WAL of another store is moved away, a corrupt file is salvaged
 * (`quarantine.ts`).
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { completeRestore } from '../backup/swap-store.ts';
import { type Database, openDatabase } from '../database.ts';
import { HISTORY_TABLES } from '../history-ring.ts';
import { RESERVE_FILE } from '../state-files.ts';
import { faultOf } from '../store-fault.ts';
import { finish, moveWal, quarantine, type Salvaged, type SalvageOptions, sizeOf } from './quarantine.ts';
import { CHECKED_TABLES } from './row-checksums.ts';
import { isWalOwn } from './wal-owner.ts';

export interface RecoveryOptions extends SalvageOptions {
  /** The last process found the file corrupt. */
  readonly suspect: boolean;
}

export interface Opened extends Salvaged {
  readonly database: Database;
  /** True if SQLite's own structures were checked, so that the rows may be checked too. */
  readonly isChecked: boolean;
  /** True if this opening created the store, because there was no file. */
  readonly isNew: boolean;
}

/** A file up to this size is checked at each start, in about a second. A larger one is checked only on suspicion. */
const CHECKED_BYTES_MAX = 32 * 1024 * 1024;
/** File beside the database that records damage, so that the next start checks a store of any size. */
const SUSPECT = '-suspect';

/**
 * Columns of a new store. A flipped bit in the text of a schema changes a column's name, and no checksum covers that.
 */
const COLUMNS = columnsAtBirth();

function columnsAtBirth(): string {
  const sound = openDatabase(':memory:');
  const columns = columnsIn(sound);
  sound.close();
  return columns;
}

function columnsIn(database: Database): string {
  const columnsOf = (table: string): string =>
    (database.pragma(`table_info(${table})`) as { name: string }[]).map(({ name }) => name).join();
  return [...CHECKED_TABLES, 'outbox', 'inbox', ...HISTORY_TABLES].map(columnsOf).join(';');
}

/** Opens the store, after a recovery if it is needed. @throws Fault */
export function openOrRecover(options: RecoveryOptions): Opened {
  const { path } = options;
  completeRestore(path);
  const isChecked = options.suspect || isSuspect(path) || sizeOf(path) <= CHECKED_BYTES_MAX;
  const finished = finish(options);
  const foreign = quarantineForeignWal(path);
  const recovery = [...finished.recovery, ...foreign];
  const isNew = !existsSync(path) && !existsSync(`${path}-wal`);
  const database = open(path, isChecked);
  if (database !== undefined) {
    const isDamaged = finished.isDamaged || foreign.length > 0;
    return { ...finished, database, recovery, isDamaged, unknown: [...finished.unknown, ...foreign], isChecked, isNew };
  }
  quarantine(path);
  const salvaged = finish(options);
  const unknown = [...finished.unknown, ...foreign, ...salvaged.unknown];
  return {
    ...salvaged,
    recovery: [...recovery, ...salvaged.recovery],
    isDamaged: true,
    unknown,
    isChecked,
    isNew,
    database: openDatabase(path),
  };
}

/**
 * Records that damage was seen while the store was open, so that the next start checks it. If the record cannot be
 * written, that check is skipped.
 */
export function suspect(path: string): void {
  try {
    writeFileSync(path + SUSPECT, '', { mode: 0o600 });
  } catch {
    // a small store is checked anyway
  }
}

export function isSuspect(path: string): boolean {
  return existsSync(path + SUSPECT);
}

/** Removes the record of damage after the check. */
export function clearSuspect(path: string): void {
  rmSync(path + SUSPECT, { force: true });
}

/** @returns `undefined` if the file is still corrupt at the second attempt */
function open(path: string, isChecked: boolean): Database | undefined {
  // SQLite would treat an empty file as new and delete its WAL. A reserve file proves that there was a store.
  const hadStore = sizeOf(`${path}-wal`) > 0 || (existsSync(path) && existsSync(join(dirname(path), RESERVE_FILE)));
  if (sizeOf(path) === 0 && hadStore) return undefined;
  const found = attempt(path, isChecked);
  return found ?? (isChecked ? undefined : attempt(path, true)); // a device error may look like damage
}

/** @returns `undefined` if the file is corrupt; @throws Fault if it cannot be read now */
function attempt(path: string, isChecked: boolean): Database | undefined {
  let database: Database | undefined;
  try {
    database = openDatabase(path);
    if (isWhole(database, isChecked)) return database;
    database.close();
  } catch (error) {
    database?.close();
    const fault = faultOf(error, path);
    if (fault.code !== 'store-corrupt') throw fault;
  }
  return undefined;
}

/**
 * Checks the structures of the small tables, and of all tables if asked. The check of the structures is needed because
 * no checksum covers a row that its page no longer counts.
 */
export function isWhole(database: Database, isChecked: boolean): boolean {
  const parts = isChecked ? ['1'] : CHECKED_TABLES;
  return (
    columnsIn(database) === COLUMNS &&
    parts.every((part) => database.pragma(`quick_check(${part})`, { simple: true }) === 'ok')
  );
}

/** Moves the WAL of another store away, because SQLite would replay it over this one. @returns the actions */
function quarantineForeignWal(path: string): string[] {
  if (isWalOwn(path)) return [];
  const folder = join(dirname(path), `foreign-log-${Date.now()}`);
  mkdirSync(folder, { mode: 0o700 });
  moveWal(path, folder);
  return [`the WAL belonged to another store: it is kept in ${folder}; the newest messages may be missing`];
}
