/**
 * Opens the store, and first makes one that can be opened: a file that is really corrupt goes into `quarantine/<n>/` with
 * its log, and what can be read of it becomes the new file.
 *
 * A crash at any moment repeats or finishes what was begun: the database is moved before its log (a database without its log
 * would open, and lack what was acknowledged last); the new file is complete and on the disk before `report.json` says so,
 * and only then takes the old one's place. A quarantine is never deleted here.
 */
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Database, faultOf, openDamaged, openDatabase } from './database.ts';
import { RESERVE_FILE } from './file.ts';
import { syncFolder } from './folder.ts';
import { isLogOwn } from './log-owner.ts';
import { type Rebuilt, rebuild } from './rebuild.ts';
import { SEALED } from './seals.ts';

export interface RecoveryOptions {
  /** Of the database file. */
  readonly path: string;
  /** The last process found the file corrupt. */
  readonly suspect: boolean;
  /** Recovery takes its time: a sentence now and then. */
  readonly progress: (sentence: string) => void;
}

export interface Opened {
  readonly database: Database;
  /** What was done, one sentence each. */
  readonly recovery: readonly string[];
  /** Not salvaged; in the ledger as damaged. */
  readonly lostRows: number;
}

const NOTHING_DONE = { recovery: [], lostRows: 0 };
const SALVAGED = 'salvaged.db';
const READINGS = 'readings';
const REPORT = 'report.json';
/** After an unclean end a file up to this size is checked through, in a fraction of a second: a log may not be its own. */
const CHECKED_BYTES_MAX = 32 * 1024 * 1024;

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
  return [...SEALED, 'outbox', 'inbox'].map(columnsOf).join(';');
}

/** @throws Fault */
export function openWell(options: RecoveryOptions): Opened {
  const finished = finish(options);
  const recovery = [...finished.recovery, ...dismissForeignLog(options.path)];
  const database = open(options);
  if (database !== undefined) return { ...finished, database, recovery };
  quarantine(options.path);
  const salvaged = finish(options);
  return { ...salvaged, database: openDatabase(options.path), recovery: [...recovery, ...salvaged.recovery] };
}

/** @returns `undefined` for a file that is corrupt at a second look too */
function open({ path, suspect }: RecoveryOptions): Database | undefined {
  const walBytes = sizeOf(`${path}-wal`);
  // SQLite would take an empty file for a new one, and throw its log away; where there is a reserve there was a store
  const hadStore = walBytes > 0 || (existsSync(path) && existsSync(join(dirname(path), RESERVE_FILE)));
  if (sizeOf(path) === 0 && hadStore) return undefined;
  const wasUnclean = walBytes > 0 && sizeOf(path) <= CHECKED_BYTES_MAX;
  const isChecked = suspect || wasUnclean;
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
function isWhole(database: Database, isChecked: boolean): boolean {
  const parts = isChecked ? ['1'] : SEALED;
  return (
    columnsIn(database) === COLUMNS &&
    parts.every((part) => database.pragma(`quick_check(${part})`, { simple: true }) === 'ok')
  );
}

/** The log of another store: SQLite would replay it over this one. @returns what was done */
function dismissForeignLog(path: string): string[] {
  if (isLogOwn(path)) return [];
  const folder = join(dirname(path), `foreign-log-${Date.now()}`);
  mkdirSync(folder, { mode: 0o700 });
  moveLog(path, folder);
  return [`the log beside the store was another store's: it is kept in ${folder}; what was stored last may be missing`];
}

function quarantine(path: string): void {
  const folder = join(quarantines(path), String((numbersIn(path).at(-1) ?? 0) + 1));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const one of [dirname(path), quarantines(path)]) syncFolder(one);
  if (existsSync(path)) renameSync(path, join(folder, basename(path)));
  else writeFileSync(join(folder, basename(path)), '');
  moveLog(path, folder);
}

function moveLog(path: string, folder: string): void {
  const log = `${path}-wal`;
  if (existsSync(log)) renameSync(log, join(folder, basename(log)));
  syncFolder(folder);
  syncFolder(dirname(path));
}

/** Whatever a quarantine still needs. */
function finish(options: RecoveryOptions): Omit<Opened, 'database'> {
  const { path } = options;
  const number = numbersIn(path).at(-1);
  if (number === undefined) return NOTHING_DONE;
  const folder = join(quarantines(path), String(number));
  if (existsSync(path)) return { recovery: [`a damaged store of an earlier time is kept in ${folder}`], lostRows: 0 };
  const report = join(folder, REPORT);
  if (!existsSync(report)) {
    moveLog(path, folder);
    const rebuilt = salvage(folder, options);
    writeFileSync(report, `${JSON.stringify(rebuilt)}\n`, { mode: 0o600, flush: true });
    syncFolder(folder);
  }
  if (!existsSync(join(folder, SALVAGED))) return NOTHING_DONE; // somebody has moved the file away since
  renameSync(join(folder, SALVAGED), path);
  syncFolder(dirname(path));
  const rebuilt = JSON.parse(readFileSync(report, 'utf8')) as Rebuilt;
  return { recovery: [sentenceOf(rebuilt, folder)], lostRows: rebuilt.damaged + rebuilt.unreadable };
}

function salvage(folder: string, { path, progress }: RecoveryOptions): Rebuilt {
  const target = join(folder, SALVAGED);
  for (const ending of ['', '-wal', '-journal']) rmSync(target + ending, { force: true });
  const links = linkReadings(join(folder, basename(path)), join(folder, READINGS));
  const sources = links.flatMap((link) => openDamaged(link) ?? []);
  const database = openDatabase(target);
  try {
    // begun anew after a crash; on the disk before anybody relies on it
    for (const setting of ['journal_mode = MEMORY', 'synchronous = OFF']) database.pragma(setting);
    return rebuild({ sources, target: database, progress });
  } finally {
    database.close();
    for (const source of sources) source.close();
    rmSync(join(folder, READINGS), { recursive: true });
    syncFolder(target);
  }
}

/** Other names, so that what SQLite puts beside a file does not stay. @returns with its log, and without: it may be what is broken */
function linkReadings(damaged: string, folder: string): string[] {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  const [whole, alone] = [join(folder, 'with-log.db'), join(folder, 'without-log.db')];
  linkSync(damaged, alone);
  if (sizeOf(`${damaged}-wal`) === 0) return [alone];
  linkSync(damaged, whole);
  linkSync(`${damaged}-wal`, `${whole}-wal`);
  return [whole, alone];
}

function sentenceOf({ salvaged, damaged, unreadable, records, hasBooks }: Rebuilt, folder: string): string {
  const lost = hasBooks
    ? `${damaged} were damaged and ${unreadable} unreadable`
    : `${damaged} were damaged, and the books were unreadable too: nobody knows how many are missing`;
  const own = records > 0 ? `; ${records} records of its own were damaged and left out` : '';
  return `the store was corrupt: ${salvaged} messages were salvaged, ${lost}${own}; the file is kept in ${folder}`;
}

function quarantines(path: string): string {
  return join(dirname(path), 'quarantine');
}

function numbersIn(path: string): number[] {
  if (!existsSync(quarantines(path))) return [];
  const numbers = readdirSync(quarantines(path)).map(Number);
  return numbers.filter((number) => Number.isInteger(number) && number > 0).sort((left, right) => left - right);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
