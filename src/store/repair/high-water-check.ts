/**
 * Compares an opening store with its high-water mark, and writes the mark. Rows that the store once held and has lost
 * are entered into the ledger as accepted and damaged. So they are counted and shown, and the ledger balances.
 *
 * The number of lost rows of a lane is the smaller of two numbers: the messages that were pending at the mark, and the
 * puts that the store has lost. A lane delivers in order, so its pending messages were its newest rows, and a lost end
 * of the WAL loses its newest puts. If the order was not kept, the number is an upper bound: never less than the true
 * loss.
 */
import type { Direction } from '../../base/message.ts';
import type { Change } from '../../custody/change.ts';
import { settledTotal } from '../../custody/ledger.ts';
import type { Database } from '../database.ts';
import { ledgerRows, readTally } from '../reader.ts';
import { countsOfLedger, type LedgerRow } from '../writer.ts';
import { type LaneMark, type Mark, markPathOf, readMark, writeMark } from './high-water.ts';

/**
 * Shortest time between two marks. A mark costs one block of the medium and is written only after a commit. The oldest
 * commit without a mark is not older than this.
 */
const MARK_EVERY_MS = 5000;
/** End of a sentence, with the largest age of the mark. */
const SINCE_THE_MARK = 'messages stored in the 5 s after that may be missing too';
/** Ledger line for lost rows whose lane had no room in the mark. */
const UNKNOWN_LANE = 0;

interface Findings {
  /** Lost rows, entered into the ledger as damaged. */
  readonly damaged: number;
  readonly sentences: readonly string[];
  /** Reasons why the number of missing messages is uncertain. */
  readonly unknown: readonly string[];
}

/** Facts about the ledger that the opening has found. */
export interface LedgerFacts {
  /** The store was created by this opening. */
  readonly isNew: boolean;
  /** False if lines of the ledger were lost: missing lines, and lines that restarted with the rows that are there. */
  readonly hasLedger: boolean;
  readonly restarted: ReadonlySet<number>;
}

export class HighWaterMark {
  readonly #database: Database;
  readonly #path: string;
  #turn = 0;
  #isStale = false;
  #markedAtMs = Number.NEGATIVE_INFINITY;

  constructor(database: Database, storePath: string) {
    this.#database = database;
    this.#path = storePath;
  }

  /**
   * Counts rows that the store has lost since its mark. Must be called within the opening transaction, before the
   * ledger is read.
   */
  check(facts: LedgerFacts): Findings {
    const { mark, isOwn, losses, sentences, unknown } = compareWithMark(this.#database, this.#path, facts);
    this.#turn = mark?.turn ?? 0;
    if (mark !== undefined && (isOwn || facts.isNew)) this.#reserve(mark);
    for (const loss of losses) this.#enter(loss);
    // a mark is written soon, so that from now on a missing mark has a meaning
    this.#isStale = !isOwn || losses.length > 0;
    return { damaged: damagedIn(losses), sentences, unknown };
  }

  /**
   * Called after a commit. Only rows that came or went change the mark; messages that never touched the disk do not.
   */
  committed(changes: readonly Change[]): void {
    if (changes.some(({ kind }) => kind === 'put' || kind === 'settle' || kind === 'deadLetter')) this.#isStale = true;
  }

  /**
   * Writes the high-water mark if it has changed and is due. An obstacle (a full disk, missing rights) loses the mark,
   * not the store. Throws an I/O error: the mark is on the same medium as the store, and that medium does not store
   * data.
   */
  note(nowMs: number): void {
    if (!this.#isStale || nowMs - this.#markedAtMs < MARK_EVERY_MS) return;
    this.#markedAtMs = nowMs;
    try {
      writeMark(markPathOf(this.#path), markOf(this.#database, this.#turn + 1));
      this.#turn += 1;
      this.#isStale = false;
    } catch (error) {
      if (isOfMedium(error)) throw error;
    }
  }

  /** Time until the next mark is due, ms. `undefined`: nothing has changed since the last mark. */
  dueInMs(nowMs: number): number | undefined {
    return this.#isStale ? Math.max(0, this.#markedAtMs + MARK_EVERY_MS - nowMs) : undefined;
  }

  /** Writes the last mark of this process, however recent the previous one is. */
  noteLast(): void {
    this.note(Number.POSITIVE_INFINITY);
  }

  #enter({ id, puts, forgotten, damaged }: Loss): void {
    this.#database.prepare("INSERT OR IGNORE INTO ledger VALUES (?,0,0,0,0,'{}',0,0,NULL)").run(id);
    this.#database
      .prepare('UPDATE ledger SET accepted = accepted + ?, damaged = damaged + ?, puts = puts + ? WHERE id = ?')
      .run(forgotten + damaged, damaged, puts, id);
  }

  /**
   * Reserves the numbers of the mark, so that no number is used twice even if the store has lost its record of them.
   */
  #reserve({ reservedTo }: Mark): void {
    const raise = this.#database.prepare('UPDATE sequence SET reserved_to = max(reserved_to, ?) WHERE direction = ?');
    for (const direction of ['uplink', 'downlink'] as const) raise.run(reservedTo[direction], direction);
  }
}

/** Mark of the present content of a database. */
export function markOf(database: Database, turn: number): Mark {
  const lanes = ledgerRows(database)
    .map((row): LaneMark => [row.id, row.puts, pendingOf(row)])
    .sort((left, right) => right[2] - left[2]);
  return { store: identityOf(database), turn, lanes, rest: [0, 0], reservedTo: reservedIn(database) };
}

function reservedIn(database: Database): Mark['reservedTo'] {
  const rows = database.prepare('SELECT direction, reserved_to FROM sequence').all() as {
    direction: string;
    reserved_to: number;
  }[];
  const of = (direction: Direction): number => rows.find((row) => row.direction === direction)?.reserved_to ?? 1;
  return { uplink: of('uplink'), downlink: of('downlink') };
}

interface Comparison {
  /** Mark that was found. `undefined`: there is none. */
  readonly mark: Mark | undefined;
  /** True if the mark belongs to this store. */
  readonly isOwn: boolean;
  readonly losses: readonly Loss[];
  readonly sentences: readonly string[];
  readonly unknown: readonly string[];
}

/** Rows of the mark that the store at `storePath` lacks. Changes nothing. */
export function compareWithMark(database: Database, storePath: string, facts: LedgerFacts): Comparison {
  const mark = readMark(markPathOf(storePath));
  if (mark === undefined) return { mark, isOwn: false, losses: [], ...unmarked(database, facts) };
  if (mark.store !== identityOf(database)) return { mark, isOwn: false, ...foreign(mark, facts) };
  const losses = lossesIn(database, mark, facts);
  if (losses.length === 0 || (!facts.hasLedger && damagedIn(losses) === 0))
    return { mark, isOwn: true, losses, sentences: [], unknown: [] };
  const what = facts.hasLedger
    ? 'the store has lost its newest transactions'
    : 'the store has lost lines of its ledger';
  const sentence = `${what}: ${damagedIn(losses)} messages in them are counted as damaged; ${SINCE_THE_MARK}`;
  return { mark, isOwn: true, losses, sentences: [sentence], unknown: [sentence] };
}

/** Result for a store without a mark. Each store has a mark from its first opening on. */
function unmarked(database: Database, { isNew }: LedgerFacts): Pick<Comparison, 'sentences' | 'unknown'> {
  const puts = ledgerRows(database).reduce((sum, row) => sum + row.puts, 0);
  if (isNew || puts === 0) return { sentences: [], unknown: [] };
  const sentence =
    'the high-water mark of the store is missing or unreadable: it is unknown whether the newest messages are missing';
  return { sentences: [sentence], unknown: [sentence] };
}

/** Result for the mark of a missing store, or for a mark copied from another store. */
function foreign(mark: Mark, { isNew }: LedgerFacts): Pick<Comparison, 'losses' | 'sentences' | 'unknown'> {
  const pending = mark.lanes.reduce((sum, [, , rows]) => sum + rows, mark.rest[1]);
  if (isNew) {
    const sentence = `the database is missing: it held ${pending} messages when last seen, which are counted as damaged; ${SINCE_THE_MARK}`;
    const losses = pending === 0 ? [] : [{ id: UNKNOWN_LANE, puts: 0, forgotten: 0, damaged: pending }];
    return { losses, sentences: [sentence], unknown: [sentence] };
  }
  const sentence = `the high-water mark belongs to another store, which held ${pending} messages when last seen: it is unknown whether messages are missing here`;
  return { losses: [], sentences: [sentence], unknown: [sentence] };
}

function lossesIn(database: Database, mark: Mark, { hasLedger, restarted }: LedgerFacts): Loss[] {
  const ledger = new Map(ledgerRows(database).map((row) => [row.id, row]));
  const missing = mark.lanes.map(([id, puts, pending]) => ({ id, puts, pending, row: ledger.get(id) }));
  for (const { id } of missing) ledger.delete(id);
  const others = [...ledger.values()].reduce((sum, row) => sum + row.puts, 0);
  const [restPuts, restPending] = mark.rest;
  const losses = missing
    .map(({ id, puts, pending, row }) => ({ id, puts: puts - (row?.puts ?? 0), pending, row }))
    .concat({ id: UNKNOWN_LANE, puts: restPuts - others, pending: restPending, row: undefined })
    .filter(({ puts }) => puts > 0);
  if (losses.length === 0) return [];
  // The loss justifies reading the whole backlog, because the ledger itself may be out of date.
  const rows = new Map(readTally(database).rows.map((one) => [lineOf(one), one.rows]));
  return losses.map(({ id, puts, pending, row }) => {
    const there = rows.get(id) ?? 0;
    // a restarted line counts the rows that are there, without the delivered ones
    if (!hasLedger && (row === undefined || restarted.has(id)))
      return { id, puts, forgotten: 0, damaged: Math.max(0, pending - there) };
    const forgotten = Math.max(0, there - (row === undefined ? 0 : pendingOf(row)));
    return { id, puts, forgotten, damaged: Math.max(0, Math.min(puts, pending) - forgotten) };
  });
}

interface Loss {
  /** Id of the ledger line. */
  readonly id: number;
  /** Puts that the store has lost. */
  readonly puts: number;
  /** Rows that exist although the ledger does not count them. */
  readonly forgotten: number;
  readonly damaged: number;
}

function damagedIn(losses: readonly Loss[]): number {
  return losses.reduce((sum, { damaged }) => sum + damaged, 0);
}

function isOfMedium(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EIO';
}

function identityOf(database: Database): string {
  return (database.prepare('SELECT id FROM identity').get() as { id: string }).id;
}

function pendingOf(row: LedgerRow): number {
  return Math.max(0, row.accepted - settledTotal(countsOfLedger(row)));
}

function lineOf({ direction, lane }: { readonly direction: string; readonly lane: number }): number {
  return lane * 2 + (direction === 'downlink' ? 1 : 0);
}
