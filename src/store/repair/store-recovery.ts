/**
 * Opens the store, and first makes one that can be opened: a log of another store is set aside, a file that is really
 * corrupt is salvaged (`quarantine.ts`).
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Database, faultOf, openDatabase } from '../database.ts';
import { RESERVE_FILE } from '../state-files.ts';
import { finish, moveLog, quarantine, type Salvaged, type SalvageOptions, sizeOf } from './quarantine.ts';
import { CHECKED_TABLES } from './row-checksums.ts';
import { isWalOwn } from './wal-owner.ts';

export interface RecoveryOptions extends SalvageOptions {
  /** The last process found the file corrupt. */
  readonly suspect: boolean;
}

export interface Opened extends Salvaged {
  readonly database: Database;
  /** SQLite's own structures were checked, so the rows may be looked through. */
  readonly isChecked: boolean;
  /** There was no file: the store was born just now. */
  readonly isNew: boolean;
}

/** A file up to this size is looked through at each start, in about a second; a larger one if something is suspected. */
const CHECKED_BYTES_MAX = 32 * 1024 * 1024;
/** Beside the database: damage was seen, so the next start looks through it, whatever its size. */
const SUSPECT = '-suspect';

/** Of a store that is born now. A flipped bit in the text of a schema gives a column another name: no checksum tells. */
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
  return [...CHECKED_TABLES, 'outbox', 'inbox'].map(columnsOf).join(';');
}

/** @throws Fault */
export function openOrRecover(options: RecoveryOptions): Opened {
  const { path } = options;
  const isChecked = options.suspect || isSuspect(path) || sizeOf(path) <= CHECKED_BYTES_MAX;
  const finished = finish(options);
  const foreign = quarantineForeignWal(path);
  const recovery = [...finished.recovery, ...foreign];
  const isNew = !existsSync(path) && !existsSync(`${path}-wal`);
  const database = open(path, isChecked);
  if (database !== undefined)
    return { ...finished, database, recovery, unknown: [...finished.unknown, ...foreign], isChecked, isNew };
  quarantine(path);
  const salvaged = finish(options);
  const unknown = [...finished.unknown, ...foreign, ...salvaged.unknown];
  return {
    ...{ ...salvaged, recovery: [...recovery, ...salvaged.recovery], unknown, isChecked, isNew },
    database: openDatabase(path),
  };
}

/** Damage was seen while the store was open: the next start looks through it. What stands in the way costs that look. */
export function suspect(path: string): void {
  try {
    writeFileSync(path + SUSPECT, '', { mode: 0o600 });
  } catch {
    // a small store is looked through all the same
  }
}

export function isSuspect(path: string): boolean {
  return existsSync(path + SUSPECT);
}

/** It was looked through. */
export function clearSuspect(path: string): void {
  rmSync(path + SUSPECT, { force: true });
}

/** @returns `undefined` for a file that is corrupt at a second look too */
function open(path: string, isChecked: boolean): Database | undefined {
  // SQLite would take an empty file for a new one, and throw its log away; where there is a reserve there was a store
  const hadStore = sizeOf(`${path}-wal`) > 0 || (existsSync(path) && existsSync(join(dirname(path), RESERVE_FILE)));
  if (sizeOf(path) === 0 && hadStore) return undefined;
  const found = attempt(path, isChecked);
  return found ?? (isChecked ? undefined : attempt(path, true)); // an error of the device may look like damage: look again
}

/** @returns `undefined` for a file that is corrupt; @throws Fault for one that cannot be read just now */
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

/** The small tables always: a row that its page no longer counts has no checksum that could tell. Messages if asked. */
export function isWhole(database: Database, isChecked: boolean): boolean {
  const parts = isChecked ? ['1'] : CHECKED_TABLES;
  return (
    columnsIn(database) === COLUMNS &&
    parts.every((part) => database.pragma(`quick_check(${part})`, { simple: true }) === 'ok')
  );
}

/** The log of another store: SQLite would replay it over this one. @returns what was done */
function quarantineForeignWal(path: string): string[] {
  if (isWalOwn(path)) return [];
  const folder = join(dirname(path), `foreign-log-${Date.now()}`);
  mkdirSync(folder, { mode: 0o700 });
  moveLog(path, folder);
  return [`the log beside the store was another store's: it is kept in ${folder}; what was stored last may be missing`];
}
