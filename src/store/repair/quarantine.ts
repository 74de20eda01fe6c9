/**
 * Moves a corrupt store into `quarantine/<n>/` with its WAL, and builds a new file from the readable part.
 *
 * A crash at any moment repeats or finishes the work. The database is moved before its WAL, because a database without
 * its WAL would open and lack the messages acknowledged last. The new file is complete and on the disk before
 * `report.json` is written, and only then replaces the old file. A quarantine is never deleted here.
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
import { syncFolder } from '../../io/durable/synced-folder.ts';
import { type Database, openDamaged, openDatabase } from '../database.ts';
import { markPathOf, readMark } from './high-water.ts';
import { type Rebuilt, rebuild } from './rebuild.ts';

export interface SalvageOptions {
  /** Path of the database file. */
  readonly path: string;
  /** Receives progress sentences, because the recovery may take long. */
  readonly progress: (sentence: string) => void;
}

export interface Salvaged {
  /** Actions, one sentence each. */
  readonly recovery: readonly string[];
  /** True if this opening found damage, whether or not anything is missing for it. */
  readonly isDamaged: boolean;
  /** Rows not salvaged, counted as damaged in the ledger. */
  readonly lostRows: number;
  /** Reasons why the number of missing messages is uncertain. Empty: the number is exact. */
  readonly unknown: readonly string[];
  /** False if lines of the ledger were lost. `restarted`: lines that restart with the salvaged rows. */
  readonly hasLedger: boolean;
  readonly restarted: ReadonlySet<number>;
}

const NOTHING_DONE: Salvaged = {
  recovery: [],
  isDamaged: false,
  lostRows: 0,
  unknown: [],
  hasLedger: true,
  restarted: new Set(),
};
const SALVAGED = 'salvaged.db';
const READINGS = 'readings';
const REPORT = 'report.json';

/** Moves a corrupt store away, the database before its WAL. */
export function quarantine(path: string): void {
  const folder = join(quarantinesOf(path), String((numbersIn(path).at(-1) ?? 0) + 1));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const one of [dirname(path), quarantinesOf(path)]) syncFolder(one);
  if (existsSync(path)) renameSync(path, join(folder, basename(path)));
  else writeFileSync(join(folder, basename(path)), '');
  moveWal(path, folder);
}

/** Moves the WAL. Returns when the entry is on the disk in both folders. */
export function moveWal(path: string, folder: string): void {
  const log = `${path}-wal`;
  if (existsSync(log)) renameSync(log, join(folder, basename(log)));
  syncFolder(folder);
  syncFolder(dirname(path));
}

/** Completes the work of a quarantine. */
export function finish(options: SalvageOptions): Salvaged {
  const { path } = options;
  const number = numbersIn(path).at(-1);
  if (number === undefined) return NOTHING_DONE;
  const folder = join(quarantinesOf(path), String(number));
  if (existsSync(path)) return { ...NOTHING_DONE, recovery: [`an earlier damaged store is kept in ${folder}`] };
  const report = join(folder, REPORT);
  if (!existsSync(report)) {
    moveWal(path, folder);
    const rebuilt = salvage(folder, options);
    writeFileSync(report, `${JSON.stringify(rebuilt)}\n`, { mode: 0o600, flush: true });
    syncFolder(folder);
  }
  if (!existsSync(join(folder, SALVAGED))) return NOTHING_DONE; // an operator has moved the file away since
  renameSync(join(folder, SALVAGED), path);
  syncFolder(dirname(path));
  const rebuilt = JSON.parse(readFileSync(report, 'utf8')) as Rebuilt;
  const sentence = sentenceOf(rebuilt, folder);
  const unknown = rebuilt.hasLedger && !rebuilt.isDoubtful ? [] : [sentence];
  const { hasLedger, restarted = [] } = rebuilt; // the report of an earlier version lacks `restarted`
  return {
    recovery: [sentence],
    isDamaged: true,
    lostRows: rebuilt.damaged + rebuilt.unreadable,
    unknown,
    hasLedger,
    restarted: new Set(restarted),
  };
}

function salvage(folder: string, { path, progress }: SalvageOptions): Rebuilt {
  const target = join(folder, SALVAGED);
  for (const ending of ['', '-wal', '-journal']) rmSync(target + ending, { force: true });
  const links = linkReadings(join(folder, basename(path)), join(folder, READINGS));
  const sources = links.flatMap((link) => openDamaged(link) ?? []);
  const database = openDatabase(target);
  try {
    // a crash restarts the salvage, so no fsync is needed before the end
    for (const setting of ['journal_mode = MEMORY', 'synchronous = OFF']) database.pragma(setting);
    const mark = readMark(markPathOf(path));
    const marked = new Map((mark?.lanes ?? []).map(([id, , pending]) => [id, pending]));
    const damaged = join(folder, basename(path));
    const rebuilt = rebuild({ sources, target: database, path: damaged, marked, progress });
    const identity = sources.map(identityIn).find((id) => id !== undefined) ?? mark?.store;
    // the new store gets the identity of the old one, so that the mark still belongs to it
    if (identity !== undefined) database.prepare('UPDATE identity SET id = ?').run(identity);
    return rebuilt;
  } finally {
    database.close();
    for (const source of sources) source.close();
    rmSync(join(folder, READINGS), { recursive: true });
    syncFolder(target);
  }
}

/** @returns the identity of the store; `undefined` if it cannot be read */
function identityIn(source: Database): string | undefined {
  try {
    const id = source.prepare('SELECT id FROM identity').pluck().get();
    return typeof id === 'string' && /^[0-9a-f]{16}$/.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Links the damaged files under other names in a folder of their own, so that SQLite's temporary files are removed with
 * them. @returns a link with the WAL and one without, because the WAL may be the broken part
 */
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
    : `${damaged} were damaged, and the ledger was unreadable: the number of missing messages is unknown`;
  const doubt = hasLedger && isDoubtful ? ', or more: some salvaged messages may have been delivered before' : '';
  const own = records > 0 ? `; ${records} of the store's own records were damaged and left out` : '';
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
