/**
 * Opens the database file with settings that make every commit durable. The only importer of better-sqlite3.
 *
 * Each setting has its reason (all measured, see docs/decisions/0003). WAL with synchronous=FULL fsyncs before a commit
 * returns. The library's default falls back to NORMAL at the first write without notice, so the setting is read back
 * after a write. Exclusive locking excludes a second process and needs no -shm file. Checkpoints are explicit, because
 * SQLite ignores errors of automatic ones.
 */
import { randomInt } from 'node:crypto';
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { Fault } from '../base/fault.ts';
import { checksumWrites, defineChecksum } from './repair/row-checksums.ts';
import { faultOf } from './store-fault.ts';
import { rewriteWal } from './wal.ts';

export type Database = Sqlite.Database;
export type Statement = Sqlite.Statement<unknown[], unknown>;

const MIGRATIONS = new URL('./migrations/', import.meta.url);
/** Measured: a single message costs 6.7 KB on the device with pages of 1 KB, 12.8 KB with SQLite's default of 4 KB. */
export const PAGE_BYTES = 1024;
/** Time for an ending process to release the file. A running gateway keeps the lock. */
const LOCK_WAIT_MS = 1000;
/** Header of a database file: its first bytes, its length, and the place of `user_version`. */
const MAGIC = Buffer.from('SQLite format 3\0');
const HEADER_BYTES = 100;
const USER_VERSION_AT = 60;
/** PRAGMA synchronous: 2 is FULL. */
const SYNCHRONOUS_FULL = 2;

/**
 * @param path path of the database file, or ':memory:' for the simulation
 * @throws Fault store-newer, store-locked, store-corrupt, store-failed
 */
export function openDatabase(path: string): Database {
  let database: Database | undefined;
  try {
    refuseNewer(versionInHeader(path), path); // opening would already write the WAL into the file
    database = new Sqlite(path, { timeout: LOCK_WAIT_MS });
    database.pragma(`page_size = ${PAGE_BYTES}`);
    database.pragma('locking_mode = EXCLUSIVE'); // before the first WAL access
    refuseNewer(versionOf(database), path); // before the first write; the first read takes the lock
    if (path !== ':memory:') rewriteWal(path);
    if (versionOf(database) === 0) nameStore(database);
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('wal_autocheckpoint = 0');
    database.pragma('journal_size_limit = -1'); // overwriting allocated blocks is cheaper than growing again
    database.pragma('temp_store = MEMORY');
    defineChecksum(database);
    migrate(database);
    checksumWrites(database);
    return database;
  } catch (error) {
    database?.close();
    throw faultOf(error, path);
  }
}

/** Version of the SQLite library. */
export function sqliteVersion(): string {
  const database = new Sqlite(':memory:');
  try {
    return String(database.prepare('SELECT sqlite_version()').pluck().get());
  } finally {
    database.close();
  }
}

/** Opens the database for reading while no gateway runs. Writes nothing. */
export function openReadOnly(path: string): Database {
  try {
    refuseNewer(versionInHeader(path), path); // opening would create the files beside it
    const database = new Sqlite(path, { readonly: true, fileMustExist: true, timeout: LOCK_WAIT_MS });
    const found = versionOf(database);
    refuseNewer(found, path);
    if (found < migrations().length) throw older(path, found);
    return database;
  } catch (error) {
    throw faultOf(error, path);
  }
}

/**
 * Opens a damaged file to read its readable part. Writes nothing to it. @returns `undefined` if it cannot be opened at
 * all
 */
export function openDamaged(path: string): Database | undefined {
  let database: Database | undefined;
  try {
    database = new Sqlite(path, { readonly: true, fileMustExist: true, timeout: LOCK_WAIT_MS });
    tolerateDamage(database);
    database.pragma('schema_version');
    return database;
  } catch {
    database?.close();
    return undefined;
  }
}

/**
 * Allows SQLite to open damaged files. For salvage only. Without this setting SQLite opens no file that is shorter than
 * its first page states (`lockBtree` in btree.c).
 */
function tolerateDamage(database: Database): void {
  database.unsafeMode(); // the library's default prevents the effect of the next line
  database.pragma('writable_schema = ON');
}

/** Checks that synchronous=FULL survived the first write. Must be called after the first write. */
export function assertDurable(database: Database, path: string): void {
  const synchronous = Number(database.pragma('synchronous', { simple: true }));
  if (path !== ':memory:' && synchronous !== SYNCHRONOUS_FULL) {
    throw new Fault('store-failed', `${path}: synchronous is ${synchronous}, not FULL: a commit would not be durable`, {
      hint: 'this is a bug of the gateway or of its SQLite library; do not use it in production',
    });
  }
}

/** Gives the new store a random application id, by which its WAL is recognised (`wal-owner.ts`). */
function nameStore(database: Database): void {
  if (database.pragma('application_id', { simple: true }) === 0)
    database.pragma(`application_id = ${randomInt(1, 2 ** 31)}`);
}

function migrate(database: Database): void {
  const files = migrations();
  const found = versionOf(database);
  database.transaction(() => {
    for (const file of files.slice(found)) database.exec(readFileSync(new URL(file, MIGRATIONS), 'utf8'));
    if (found < files.length) database.pragma(`user_version = ${files.length}`);
  })();
  // the application id must not be lost with the WAL
  if (found < files.length) database.pragma('wal_checkpoint(PASSIVE)');
}

function refuseNewer(found: number, path: string): void {
  if (found > migrations().length) throw newer(path, found);
}

function versionOf(database: Database): number {
  return Number(database.pragma('user_version', { simple: true }));
}

/**
 * Returns the schema in the header of the file, without SQLite. A WAL may have a later one. 0: no file, or no header.
 * Must not be called while this process has the database open, since closing a descriptor of the file releases the
 * locks of the process (fcntl(2)). Source: SQLite file format §1.3.
 */
function versionInHeader(path: string): number {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return 0; // SQLite says why
  }
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    const isWhole = readSync(file, header, 0, HEADER_BYTES, 0) === HEADER_BYTES;
    return isWhole && header.subarray(0, MAGIC.length).equals(MAGIC) ? header.readUInt32BE(USER_VERSION_AT) : 0;
  } finally {
    closeSync(file);
  }
}

function migrations(): string[] {
  return readdirSync(MIGRATIONS)
    .filter((name) => name.endsWith('.sql'))
    .sort();
}

function newer(path: string, found: number): Fault {
  return new Fault('store-newer', `${path} has schema ${found}; this program knows schema ${migrations().length}`, {
    hint: 'install the newer program again, or move the file away to start with an empty store; the file was not changed',
  });
}

function older(path: string, found: number): Fault {
  return new Fault('store-failed', `${path} has schema ${found}; this program reads schema ${migrations().length}`, {
    hint: 'start the gateway once: it upgrades the store without loss',
  });
}

/** True if no statement of the same transaction can succeed after this error: a full disk, an I/O error, no memory. */
export function failsCommit(error: unknown): boolean {
  return error instanceof Sqlite.SqliteError && /^SQLITE_(FULL|IOERR|NOMEM|READONLY)/.test(error.code);
}

/** True if this is the error of a full disk (or of the page limit). */
export function isFull(error: unknown): boolean {
  return error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_FULL');
}
