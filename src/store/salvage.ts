/**
 * Reads a damaged table row by row through its integer primary key. SQLite gives an error where a page is broken; around
 * each break the keys are halved until every readable page has been reached. Whether a row is whole its CRC says.
 *
 * Bounded: a table of so many breaks that the probes run out gives what was read until then. Keys that jump far (a block of
 * numbers per start) make wide ranges; those are sampled, the narrow ones searched through.
 */
import type { Database, Statement } from './database.ts';
import { rowOf, type StoredRow } from './row-codec.ts';

/** About 20 µs each: a second of a fast machine. */
const PROBES_MAX = 50_000;

type Table = 'outbox' | 'inbox';
type Range = readonly [low: number, high: number];

/** Calls `take` for each whole row, once or more often. @returns the keys of rows that can be read and are not whole */
export function readWhatCanBeRead(source: Database, table: Table, take: (row: StoredRow) => void): ReadonlySet<number> {
  const damaged = new Set<number>();
  const statements = prepare(source, table);
  if (statements === undefined) return damaged;
  const scan = (order: 'ASC' | 'DESC', [low, high]: Range): Scan => {
    let last = order === 'ASC' ? low - 1 : high + 1;
    let isEmpty = true;
    try {
      for (const found of statements[order].iterate(low, high)) {
        const stored = found as StoredRow;
        isEmpty = false;
        if (rowOf(stored) === undefined) damaged.add(stored.seq);
        else {
          take(stored);
          last = stored.seq;
        }
      }
      return { last, isEmpty };
    } catch {
      return { last, isEmpty: false };
    }
  };
  const ranges: Range[] = [[0, Number.MAX_SAFE_INTEGER]];
  for (let probe = 0; probe < PROBES_MAX && probe < ranges.length; probe += 1) {
    const [low, high] = ranges[probe] ?? [0, -1];
    const up = scan('ASC', [low, high]);
    const down = scan('DESC', [up.last + 1, high]);
    // noise in the place of a key ends a scan as if nothing lay behind it: only the end of the table ends the search
    if (probe === 0 && down.isEmpty) break;
    if (down.last - up.last <= 2) continue;
    const middle = Math.floor((up.last + down.last) / 2);
    ranges.push([up.last + 1, middle], [middle + 1, down.last - 1]);
  }
  return damaged;
}

interface Scan {
  /** The last whole row, in the order of the scan. */
  readonly last: number;
  /** Nothing was there, not even an error. */
  readonly isEmpty: boolean;
}

/** @returns `undefined` where the table is not known any more */
function prepare(source: Database, table: Table): Readonly<Record<'ASC' | 'DESC', Statement>> | undefined {
  const sql = `SELECT * FROM ${table} WHERE seq BETWEEN ? AND ? ORDER BY seq`;
  try {
    return { ASC: source.prepare(`${sql} ASC`), DESC: source.prepare(`${sql} DESC`) };
  } catch {
    return undefined;
  }
}
