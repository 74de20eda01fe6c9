/**
 * Copies the readable part of a damaged table through its integer primary key, up to a broken page. SQLite passes each
 * row to a function, which checks its CRC and inserts it into the new table (this takes half the time of stepping
 * through results). The end of the break is found by growing steps and bisection, and reading continues there.
 *
 * A break may consist of several breaks with readable pages between them: its key range is bisected until every
 * readable page has been reached. The effort is bounded, because keys have wide gaps (a block of numbers per start): a
 * wide break is sampled, a narrow one is searched completely.
 */
import type { Direction } from '../../base/message.ts';
import type { Database, Statement } from '../database.ts';
import { isWhole } from '../row-codec.ts';

/** Total number of probes: about 25 µs each, little more than a second on a fast machine. */
const PROBES_MAX = 50_000;
/** Probes within one break. A lost page that leads to 110 leaves of four rows must be searched completely. */
const PROBES_OF_BREAK_MAX = 2000;
/** Number of rows in one INSERT. It takes half the time of 32 INSERTs with one row each. */
const ROWS_AT_ONCE = 32;
/** Rows between two progress sentences. */
const STEP_ROWS = 20_000;

export interface Salvage {
  readonly source: Database;
  /** New database, in a transaction. */
  readonly target: Database;
  readonly table: 'outbox' | 'inbox';
  readonly progress: (sentence: string) => void;
}

/** @returns the keys of readable rows with a wrong CRC; @throws SQLite's errors if the table is unknown */
export function salvageRows(salvage: Salvage): ReadonlySet<number> {
  const reader = new Reader(salvage);
  for (let from = 0; reader.probes < PROBES_MAX; ) {
    const { isBroken, next } = reader.copy(from, Number.POSITIVE_INFINITY);
    if (!isBroken) break;
    from = endOfBreak(reader, next);
    searchBreak(reader, next, from - 1);
    if (from > Number.MAX_SAFE_INTEGER) break;
  }
  return reader.end();
}

/** @returns the lowest readable key after the break, assuming a single break */
function endOfBreak(reader: Reader, start: number): number {
  let leap = 1;
  while (!reader.canRead(start + leap)) {
    leap *= 2;
    if (start + leap > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER + 1;
  }
  let [broken, readable] = [start + Math.floor(leap / 2), start + leap];
  while (readable - broken > 1) {
    const middle = Math.floor((broken + readable) / 2);
    if (reader.canRead(middle)) readable = middle;
    else broken = middle;
  }
  return readable;
}

function searchBreak(reader: Reader, start: number, end: number): void {
  const ranges: (readonly [low: number, high: number])[] = [[start, end]];
  for (let probe = 0; probe < PROBES_OF_BREAK_MAX && probe < ranges.length; probe += 1) {
    const [low, high] = ranges[probe] ?? [0, -1];
    const { isBroken, next } = reader.copy(low, high);
    if (!isBroken || low >= high || next > high) continue;
    const middle = Math.floor((next + high) / 2);
    ranges.push([next, middle]);
    if (middle < high) ranges.push([middle + 1, high]);
  }
}

/**
 * Row as SQLite passes it. The payload is in hexadecimal, because a blob would take twice the time of everything else.
 */
type RowInWords = [
  ...[seq: number, lane: number, qos: number, epoch: number, up_ms: number, crc: number],
  ...[topic: string, hex: string],
];

class Reader {
  readonly #damaged = new Set<number>();
  readonly #direction: Direction;
  readonly #read: Statement;
  readonly #touch: Statement;
  readonly #put: Statement;
  readonly #putMany: Statement;
  readonly #progress: (sentence: string) => void;
  #last = -1;
  #whole = 0;
  #probes = 0;
  #isPutting = false;
  #taken: RowInWords[] = [];

  constructor({ source, target, table, progress }: Salvage) {
    this.#direction = table === 'outbox' ? 'uplink' : 'downlink';
    source.function('take', { varargs: true }, (...words) => this.#take(...(words as RowInWords)));
    // a payload that is not a blob makes the row invalid: its QoS is replaced by NULL
    this.#read = source.prepare(
      `SELECT count(take(seq, lane, iif(typeof(payload) = 'blob', qos, NULL), epoch, up_ms, crc, topic, hex(payload)))
       FROM ${table} WHERE seq BETWEEN ? AND ?`,
    );
    this.#touch = source.prepare(`SELECT * FROM ${table} WHERE seq >= ? ORDER BY seq LIMIT 1`);
    const values = '(?,?,?,?,?,?,?,unhex(?))';
    this.#put = target.prepare(`INSERT OR IGNORE INTO ${table} VALUES ${values}`);
    this.#putMany = target.prepare(`INSERT OR IGNORE INTO ${table} VALUES ${Array(ROWS_AT_ONCE).fill(values).join()}`);
    this.#progress = progress;
  }

  get probes(): number {
    return this.#probes;
  }

  /**
   * Copies the rows from key `low` to key `high`, up to a broken page. @returns the next key after the last valid row
   */
  copy(low: number, high: number): { readonly isBroken: boolean; readonly next: number } {
    this.#last = low - 1;
    const isBroken = !this.#succeeds(() => this.#read.get(low, high));
    return { isBroken, next: this.#last + 1 };
  }

  /** True if a row after this key, or the end of the table, can be read. */
  canRead(from: number): boolean {
    return this.#succeeds(() => this.#touch.get(from));
  }

  #succeeds(read: () => unknown): boolean {
    this.#probes += 1;
    try {
      read();
      return true;
    } catch (error) {
      if (this.#isPutting) throw error; // error of the new file: no room, or worse
      return false;
    }
  }

  /** @returns the keys of readable rows with a wrong CRC */
  end(): ReadonlySet<number> {
    this.#putTaken();
    return this.#damaged;
  }

  #putTaken(): void {
    this.#isPutting = true;
    if (this.#taken.length === ROWS_AT_ONCE) this.#putMany.run(this.#taken.flat());
    else for (const row of this.#taken) this.#put.run(row);
    this.#taken = [];
    this.#isPutting = false;
  }

  #take(...row: RowInWords): number {
    const [seq, lane, qos, epoch, up_ms, crc, topic, hex] = row;
    if (isWhole(this.#direction, { seq, lane, qos, epoch, up_ms, crc, topic, payload: Buffer.from(hex, 'hex') })) {
      this.#taken.push(row);
      if (this.#taken.length === ROWS_AT_ONCE) this.#putTaken();
      this.#last = Math.max(this.#last, seq); // a broken inner page may lead back to rows already read
      this.#whole += 1;
      if (this.#whole % STEP_ROWS === 0) this.#progress(`${this.#whole} messages salvaged`);
    } else {
      this.#damaged.add(seq);
    }
    return 1;
  }
}
