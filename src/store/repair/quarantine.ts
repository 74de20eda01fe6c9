/**
 * A store that is corrupt goes into `quarantine/<n>/` with its log, and what can be read of it becomes the new file.
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
import { type Database, openDamaged, openDatabase } from '../database.ts';
import { syncFolder } from '../synced-folder.ts';
import { markPathOf, readMark } from './high-water.ts';
import { type Rebuilt, rebuild } from './rebuild.ts';

export interface SalvageOptions {
  /** Of the database file. */
  readonly path: string;
  /** Recovery takes its time: a sentence now and then. */
  readonly progress: (sentence: string) => void;
}

export interface Salvaged {
  /** What was done, one sentence each. */
  readonly recovery: readonly string[];
  /** Not salvaged; in the ledger as damaged. */
  readonly lostRows: number;
  /** Why more may be missing than anybody can count; empty if nothing is. */
  readonly unknown: readonly string[];
  /** No line of the ledger was lost; and those that begin anew with what was salvaged. */
  readonly hasLedger: boolean;
  readonly anew: ReadonlySet<number>;
}

const NOTHING_DONE: Salvaged = { recovery: [], lostRows: 0, unknown: [], hasLedger: true, anew: new Set() };
const SALVAGED = 'salvaged.db';
const READINGS = 'readings';
const REPORT = 'report.json';

/** Moves a corrupt store away, the database before its log. */
export function quarantine(path: string): void {
  const folder = join(quarantinesOf(path), String((numbersIn(path).at(-1) ?? 0) + 1));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const one of [dirname(path), quarantinesOf(path)]) syncFolder(one);
  if (existsSync(path)) renameSync(path, join(folder, basename(path)));
  else writeFileSync(join(folder, basename(path)), '');
  moveLog(path, folder);
}

/** Returns when the entry is on the disk in both folders. */
export function moveLog(path: string, folder: string): void {
  const log = `${path}-wal`;
  if (existsSync(log)) renameSync(log, join(folder, basename(log)));
  syncFolder(folder);
  syncFolder(dirname(path));
}

/** Does whatever a quarantine still needs. */
export function finish(options: SalvageOptions): Salvaged {
  const { path } = options;
  const number = numbersIn(path).at(-1);
  if (number === undefined) return NOTHING_DONE;
  const folder = join(quarantinesOf(path), String(number));
  if (existsSync(path))
    return { ...NOTHING_DONE, recovery: [`a damaged store of an earlier time is kept in ${folder}`] };
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
  const sentence = sentenceOf(rebuilt, folder);
  const unknown = rebuilt.hasLedger && !rebuilt.isDoubtful ? [] : [sentence];
  const { hasLedger, anew = [] } = rebuilt; // the report of an earlier version does not say
  return {
    ...{ recovery: [sentence], lostRows: rebuilt.damaged + rebuilt.unreadable, unknown },
    ...{ hasLedger, anew: new Set(anew) },
  };
}

function salvage(folder: string, { path, progress }: SalvageOptions): Rebuilt {
  const target = join(folder, SALVAGED);
  for (const ending of ['', '-wal', '-journal']) rmSync(target + ending, { force: true });
  const links = linkReadings(join(folder, basename(path)), join(folder, READINGS));
  const sources = links.flatMap((link) => openDamaged(link) ?? []);
  const database = openDatabase(target);
  try {
    // begun anew after a crash; on the disk before anybody relies on it
    for (const setting of ['journal_mode = MEMORY', 'synchronous = OFF']) database.pragma(setting);
    const mark = readMark(markPathOf(path));
    const marked = new Map((mark?.lanes ?? []).map(([id, , pending]) => [id, pending]));
    const damaged = join(folder, basename(path));
    const rebuilt = rebuild({ sources, target: database, path: damaged, marked, progress });
    const identity = sources.map(identityIn).find((id) => id !== undefined) ?? mark?.store;
    // the mark beside it goes on being its own
    if (identity !== undefined) database.prepare('UPDATE identity SET id = ?').run(identity);
    return rebuilt;
  } finally {
    database.close();
    for (const source of sources) source.close();
    rmSync(join(folder, READINGS), { recursive: true });
    syncFolder(target);
  }
}

/** @returns `undefined` where it cannot be read */
function identityIn(source: Database): string | undefined {
  try {
    const id = source.prepare('SELECT id FROM identity').pluck().get();
    return typeof id === 'string' && /^[0-9a-f]{16}$/.test(id) ? id : undefined;
  } catch {
    return undefined;
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

function sentenceOf(
  { salvaged, damaged, unreadable, records, hasLedger, isDoubtful }: Rebuilt,
  folder: string,
): string {
  const lost = hasLedger
    ? `${damaged} were damaged and ${unreadable} unreadable`
    : `${damaged} were damaged, and the books were unreadable too: nobody knows how many are missing`;
  const doubt = hasLedger && isDoubtful ? ', or more: some of the salvaged ones may have been delivered before' : '';
  const own = records > 0 ? `; ${records} records of its own were damaged and left out` : '';
  return `the store was corrupt: ${salvaged} messages were salvaged, ${lost}${doubt}${own}; the file is kept in ${folder}`;
}

export function quarantinesOf(path: string): string {
  return join(dirname(path), 'quarantine');
}

function numbersIn(path: string): number[] {
  if (!existsSync(quarantinesOf(path))) return [];
  const numbers = readdirSync(quarantinesOf(path)).map(Number);
  return numbers.filter((number) => Number.isInteger(number) && number > 0).sort((left, right) => left - right);
}

export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
