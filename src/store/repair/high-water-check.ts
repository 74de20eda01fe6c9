/**
 * Holds a store that opens against its high-water mark, and keeps the mark. Rows that the store once had and has forgotten
 * are entered into the ledger as accepted and damaged: so they are counted, shown, and the books balance.
 *
 * How many: a lane delivers in order, so what was pending at the mark were its newest rows, and what a lost tail takes are
 * its newest puts: the smaller of both numbers. Where order was not kept that is the most it can be: never less than lost.
 */
import type { Direction } from '../../base/message.ts';
import type { Change } from '../../custody/change.ts';
import { settledTotal } from '../../custody/ledger.ts';
import type { Database } from '../database.ts';
import { ledgerRows, readTally } from '../reader.ts';
import { countsOfLedger, type LedgerRow } from '../writer.ts';
import { type LaneMark, type Mark, markPathOf, readMark, writeMark } from './high-water.ts';

/** A mark costs a block of the medium: at most so often, and only after a commit. The oldest commit without one is no older. */
const MARK_EVERY_MS = 5000;
/** End of a sentence: the mark is that old at most. */
const SINCE_THE_MARK = 'what was stored in the 5 s after that may be missing too';
/** The ledger line of nobody: lost rows whose lane the mark had no room for. */
const NOBODY = 0;

interface Findings {
  /** Rows lost, entered into the ledger as damaged. */
  readonly damaged: number;
  readonly sentences: readonly string[];
  /** Why more may be missing than anybody can count. */
  readonly unknown: readonly string[];
}

/** What the opening knows of the ledger. */
export interface LedgerFacts {
  /** The store was born just now. */
  readonly isNew: boolean;
  /** Lines of the ledger were lost: those that are not there, and those that began anew with the rows that are. */
  readonly hasLedger: boolean;
  readonly anew: ReadonlySet<number>;
}

export class HighWaterMark {
  readonly #database: Database;
  readonly #path: string;
  #turn = 0;
  #isBehind = false;
  #markedAtMs = Number.NEGATIVE_INFINITY;

  constructor(database: Database, storePath: string) {
    this.#database = database;
    this.#path = storePath;
  }

  /** Within the opening transaction, before anything is read from the ledger. */
  check(books: LedgerFacts): Findings {
    const { mark, isOwn, losses, sentences, unknown } = holdAgainstMark(this.#database, this.#path, books);
    this.#turn = mark?.turn ?? 0;
    if (mark !== undefined && (isOwn || books.isNew)) this.#reserve(mark);
    for (const loss of losses) this.#enter(loss);
    this.#isBehind = !isOwn || losses.length > 0; // from now on there is a mark, or its absence would say nothing
    return { damaged: damagedIn(losses), sentences, unknown };
  }

  /** A commit is durable. Worth a note if rows came or went; what never touched the disk moves neither number. */
  committed(changes: readonly Change[]): void {
    if (changes.some(({ kind }) => kind === 'put' || kind === 'settle' || kind === 'deadLetter')) this.#isBehind = true;
  }

  /**
   * Notes how far the store has come, if it has and if it is time. What stands in its way (a full disk, foreign rights) costs
   * the witness, not the store. Throws an I/O error: the medium is the store's own, and it does not hold what is written.
   */
  note(nowMs: number): void {
    if (!this.#isBehind || nowMs - this.#markedAtMs < MARK_EVERY_MS) return;
    this.#markedAtMs = nowMs;
    const lanes = ledgerRows(this.#database)
      .map((row): LaneMark => [row.id, row.puts, pendingOf(row)])
      .sort((left, right) => right[2] - left[2]);
    try {
      writeMark(markPathOf(this.#path), {
        store: identityOf(this.#database),
        turn: this.#turn + 1,
        lanes,
        rest: [0, 0],
        reservedTo: this.#reserved(),
      });
      this.#turn += 1;
      this.#isBehind = false;
    } catch (error) {
      if (isOfMedium(error)) throw error;
    }
  }

  /** Time until the next note is due, ms; `undefined`: none is, for nothing has changed since the last. */
  dueInMs(nowMs: number): number | undefined {
    return this.#isBehind ? Math.max(0, this.#markedAtMs + MARK_EVERY_MS - nowMs) : undefined;
  }

  /** The last note of this process, whenever the one before was. */
  noteLast(): void {
    this.note(Number.POSITIVE_INFINITY);
  }

  #enter({ id, puts, forgotten, damaged }: Loss): void {
    this.#database.prepare("INSERT OR IGNORE INTO ledger VALUES (?,0,0,0,0,'{}',0,0,NULL)").run(id);
    this.#database
      .prepare('UPDATE ledger SET accepted = accepted + ?, damaged = damaged + ?, puts = puts + ? WHERE id = ?')
      .run(forgotten + damaged, damaged, puts, id);
  }

  /** A number is never used twice, even if the store has forgotten that it was. */
  #reserve({ reservedTo }: Mark): void {
    const raise = this.#database.prepare('UPDATE sequence SET reserved_to = max(reserved_to, ?) WHERE direction = ?');
    for (const direction of ['uplink', 'downlink'] as const) raise.run(reservedTo[direction], direction);
  }

  #reserved(): Mark['reservedTo'] {
    const rows = this.#database.prepare('SELECT direction, reserved_to FROM sequence').all() as {
      direction: string;
      reserved_to: number;
    }[];
    const of = (direction: Direction): number => rows.find((row) => row.direction === direction)?.reserved_to ?? 1;
    return { uplink: of('uplink'), downlink: of('downlink') };
  }
}

interface Comparison {
  /** `undefined`: there is none. */
  readonly mark: Mark | undefined;
  /** It is of this store and no other. */
  readonly isOwn: boolean;
  readonly losses: readonly Loss[];
  readonly sentences: readonly string[];
  readonly unknown: readonly string[];
}

/** What does the store at `storePath` lack that its mark has seen? Changes nothing. */
export function holdAgainstMark(database: Database, storePath: string, books: LedgerFacts): Comparison {
  const mark = readMark(markPathOf(storePath));
  if (mark === undefined) return { mark, isOwn: false, losses: [], ...unmarked(database, books) };
  if (mark.store !== identityOf(database)) return { mark, isOwn: false, ...foreign(mark, books) };
  const losses = lossesIn(database, mark, books);
  if (losses.length === 0 || (!books.hasLedger && damagedIn(losses) === 0))
    return { mark, isOwn: true, losses, sentences: [], unknown: [] };
  const what = books.hasLedger
    ? 'the store has lost its newest transactions'
    : 'the store has lost lines of its ledger';
  const sentence = `${what}: ${damagedIn(losses)} messages that it held are counted as damaged; ${SINCE_THE_MARK}`;
  return { mark, isOwn: true, losses, sentences: [sentence], unknown: [sentence] };
}

/** Each store has a mark from its first opening on. */
function unmarked(database: Database, { isNew }: LedgerFacts): Pick<Comparison, 'sentences' | 'unknown'> {
  const puts = ledgerRows(database).reduce((sum, row) => sum + row.puts, 0);
  if (isNew || puts === 0) return { sentences: [], unknown: [] };
  const sentence =
    'the high-water mark beside the store is missing or unreadable: whether the newest messages are there cannot be known';
  return { sentences: [sentence], unknown: [sentence] };
}

/** The mark of a store that is gone, or a mark that was put here. */
function foreign(mark: Mark, { isNew }: LedgerFacts): Pick<Comparison, 'losses' | 'sentences' | 'unknown'> {
  const pending = mark.lanes.reduce((sum, [, , rows]) => sum + rows, mark.rest[1]);
  if (isNew) {
    const sentence = `the database is missing: the store that was here held ${pending} messages when last seen, which are counted as damaged; ${SINCE_THE_MARK}`;
    const losses = pending === 0 ? [] : [{ id: NOBODY, puts: 0, forgotten: 0, damaged: pending }];
    return { losses, sentences: [sentence], unknown: [sentence] };
  }
  const sentence = `the high-water mark beside the store is another store's, which held ${pending} messages when last seen: whether messages are missing here cannot be known`;
  return { losses: [], sentences: [sentence], unknown: [sentence] };
}

function lossesIn(database: Database, mark: Mark, { hasLedger, anew }: LedgerFacts): Loss[] {
  const ledger = new Map(ledgerRows(database).map((row) => [row.id, row]));
  const missing = mark.lanes.map(([id, puts, pending]) => ({ id, puts, pending, row: ledger.get(id) }));
  for (const { id } of missing) ledger.delete(id);
  const others = [...ledger.values()].reduce((sum, row) => sum + row.puts, 0);
  const [restPuts, restPending] = mark.rest;
  const losses = missing
    .map(({ id, puts, pending, row }) => ({ id, puts: puts - (row?.puts ?? 0), pending, row }))
    .concat({ id: NOBODY, puts: restPuts - others, pending: restPending, row: undefined })
    .filter(({ puts }) => puts > 0);
  if (losses.length === 0) return [];
  // something is wrong, so it is worth reading the whole backlog: the ledger itself may be what is out of date
  const rows = new Map(readTally(database).rows.map((one) => [lineOf(one), one.rows]));
  return losses.map(({ id, puts, pending, row }) => {
    const there = rows.get(id) ?? 0;
    // a line that began anew counts what is there, and knows nothing of what was delivered
    if (!hasLedger && (row === undefined || anew.has(id)))
      return { id, puts, forgotten: 0, damaged: Math.max(0, pending - there) };
    const forgotten = Math.max(0, there - (row === undefined ? 0 : pendingOf(row)));
    return { id, puts, forgotten, damaged: Math.max(0, Math.min(puts, pending) - forgotten) };
  });
}

interface Loss {
  /** Of the ledger line. */
  readonly id: number;
  /** Puts that the store has forgotten. */
  readonly puts: number;
  /** Rows that are there though the ledger does not know them. */
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
