/**
 * Copies what can be read of a damaged table, through its integer primary key and without leaving SQLite. It is read up to
 * where a page is broken, each row's CRC checked in a function that SQLite calls; then the runs of whole rows are copied,
 * which cannot fail any more. The end of the break is found by leaps and halving, and the reading goes on from there.
 *
 * A break may be several, with something between them: its keys are halved until every readable page has been reached.
 * Bounded, for keys jump far (a block of numbers per start): a wide break is sampled, a narrow one searched through.
 */
import type { Database } from './database.ts';
import { isWhole } from './row-codec.ts';

/** All in all: about 25 µs each, little more than a second of a fast machine. */
const PROBES_MAX = 50_000;
/** Within one break: a lost page that leads to 110 leaves of four rows has to be searched through. */
const PROBES_OF_BREAK_MAX = 2000;
/** Rows copied between two signs of life. */
const STEP_ROWS = 20_000;

export interface Salvage {
  /** A connection that only reads. */
  readonly source: Database;
  /** The source is attached to it as `source`, and no transaction is open. */
  readonly target: Database;
  readonly table: 'outbox' | 'inbox';
  readonly progress: (sentence: string) => void;
}

/** @returns the keys of rows that can be read and are not whole; @throws what SQLite throws where the table is not known */
export function salvageRows(salvage: Salvage): ReadonlySet<number> {
  const reader = new Reader(salvage);
  for (let from = 0; reader.probes < PROBES_MAX; ) {
    const { isBroken, next } = reader.copy(from, Number.POSITIVE_INFINITY);
    if (!isBroken) break;
    from = endOfBreak(reader, next);
    searchBreak(reader, next, from - 1);
    if (from > Number.MAX_SAFE_INTEGER) break;
  }
  return reader.damaged;
}

/** @returns the lowest key at which something can be read again, taking the break for a single one */
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

/** Whole rows one behind the other, with nothing between them. */
interface Run {
  readonly from: number;
  to: number;
  rows: number;
}

/** As SQLite hands it over: the payload in hexadecimal, for as a blob it would take twice the time of everything else. */
type RowInWords = [
  ...[seq: number, lane: number, qos: number, epoch: number, up_ms: number, crc: number],
  ...[topic: string, hex: string],
];

class Reader {
  readonly damaged = new Set<number>();
  readonly #look: (low: number, high: number) => unknown;
  readonly #touch: (from: number) => unknown;
  readonly #copy: (run: Run) => void;
  #runs: Run[] = [];
  #run: Run | undefined;
  #probes = 0;

  constructor({ source, target, table, progress }: Salvage) {
    source.function('look', { varargs: true }, (...words) => this.#take(...(words as RowInWords)));
    // a payload that is no blob is not whole: nothing takes the place of its QoS
    const look = source.prepare(
      `SELECT count(look(seq, lane, iif(typeof(payload) = 'blob', qos, NULL), epoch, up_ms, crc, topic, hex(payload)))
       FROM ${table} WHERE seq BETWEEN ? AND ?`,
    );
    const touch = source.prepare(`SELECT * FROM ${table} WHERE seq >= ? ORDER BY seq LIMIT 1`);
    // with a limit and no upper bound: it does not touch the page behind the run
    const copy = target.prepare(
      `INSERT OR IGNORE INTO main.${table} SELECT * FROM source.${table} WHERE seq >= ? ORDER BY seq LIMIT ?`,
    );
    this.#look = (low, high) => look.get(low, high);
    this.#touch = (from) => touch.get(from);
    this.#copy = ({ from, to, rows }) => {
      copy.run(from, rows);
      if (rows === STEP_ROWS) progress(`messages of the ${table} copied up to number ${to}`);
    };
  }

  get probes(): number {
    return this.#probes;
  }

  /** @returns where it came to: behind the last whole row */
  copy(low: number, high: number): { readonly isBroken: boolean; readonly next: number } {
    this.#runs = [];
    this.#run = undefined;
    const isBroken = !this.#succeeds(() => this.#look(low, high));
    for (const run of this.#runs) this.#copy(run);
    return { isBroken, next: (this.#runs.at(-1)?.to ?? low - 1) + 1 };
  }

  /** Is there a row behind this key, or the end of the table? */
  canRead(from: number): boolean {
    return this.#succeeds(() => this.#touch(from));
  }

  #succeeds(read: () => unknown): boolean {
    this.#probes += 1;
    try {
      read();
      return true;
    } catch {
      return false;
    }
  }

  #take(...[seq, lane, qos, epoch, up_ms, crc, topic, hex]: RowInWords): number {
    if (!isWhole({ seq, lane, qos, epoch, up_ms, crc, topic, payload: Buffer.from(hex, 'hex') })) {
      this.damaged.add(seq);
      this.#run = undefined;
    } else if (this.#run !== undefined && this.#run.rows < STEP_ROWS) {
      this.#run.to = seq;
      this.#run.rows += 1;
    } else {
      this.#run = { from: seq, to: seq, rows: 1 };
      this.#runs.push(this.#run);
    }
    return 1;
  }
}
