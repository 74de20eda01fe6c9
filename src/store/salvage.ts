/**
 * Reads a damaged table row by row through its integer primary key. SQLite gives an error where a page is broken; around
 * each break the keys are halved until every readable page has been reached. Whether a row is whole its CRC says.
 *
 * Bounded: a table of so many breaks that the probes run out gives what was read until then. Keys that jump far (a block of
 * numbers per start) make wide ranges; those are sampled, the narrow ones searched through.
 */
import type { Database } from './database.ts';
import { rowOf, type StoredRow } from './row-codec.ts';

/** About 20 µs each: a second of a fast machine. */
const PROBES_MAX = 50_000;

type Table = 'outbox' | 'inbox';
type Range = readonly [low: number, high: number];

/** Calls `take` for each whole row, once or more often. @returns the keys of rows that can be read and are not whole */
export function readWhatCanBeRead(source: Database, table: Table, take: (row: StoredRow) => void): ReadonlySet<number> {
  const damaged = new Set<number>();
  const scan = (order: 'ASC' | 'DESC', [low, high]: Range): number | undefined => {
    const sql = `SELECT * FROM ${table} WHERE seq BETWEEN ? AND ? ORDER BY seq ${order}`;
    let last = order === 'ASC' ? low - 1 : high + 1;
    try {
      for (const found of source.prepare(sql).iterate(low, high)) {
        const stored = found as StoredRow;
        if (rowOf(stored) === undefined) damaged.add(stored.seq);
        else {
          take(stored);
          last = stored.seq;
        }
      }
      return undefined;
    } catch {
      return last;
    }
  };
  const ranges: Range[] = [[0, Number.MAX_SAFE_INTEGER]];
  for (let probe = 0; probe < PROBES_MAX && probe < ranges.length; probe += 1) {
    const [low, high] = ranges[probe] ?? [0, -1];
    const brokeAfter = scan('ASC', [low, high]);
    if (brokeAfter === undefined) continue;
    const brokeBefore = scan('DESC', [brokeAfter + 1, high]);
    if (brokeBefore === undefined || brokeBefore - brokeAfter <= 2) continue; // nothing between, or one lone key
    const middle = Math.floor((brokeAfter + brokeBefore) / 2);
    ranges.push([brokeAfter + 1, middle], [middle + 1, brokeBefore - 1]);
  }
  return damaged;
}
