/** Reads dead letters in pages limited in rows and bytes. */
import type { Direction } from '../base/message.ts';
import type { DeadLetter, LetterPage, LetterRequest } from '../custody/dead-letter.ts';
import type { Database } from './database.ts';
import { readCounts } from './reader.ts';
import { rowOf, type StoredRow } from './row-codec.ts';

/** Largest sum of payloads in one page; a single dead letter may be larger. */
const PAGE_BYTES_MAX = 1_048_576;

type StoredLetter = Omit<StoredRow, 'crc'> & {
  readonly id: number;
  readonly direction: Direction;
  readonly row_crc: number | null;
  readonly attempts: number;
  readonly reason: string;
};

export function readLetters(database: Database, { after, limit, only }: LetterRequest): LetterPage {
  const { kept, newest } = database.prepare('SELECT count(*) AS kept, max(id) AS newest FROM dead_letter').get() as {
    kept: number;
    newest: number | null;
  };
  const some = only === undefined ? '' : 'AND id IN (SELECT value FROM json_each(?))';
  const statement = database.prepare(`SELECT * FROM dead_letter WHERE id > ? ${some} ORDER BY id LIMIT ?`);
  const letters: DeadLetter[] = [];
  let bytes = 0;
  for (const found of statement.iterate(after, ...(only === undefined ? [] : [JSON.stringify(only)]), limit)) {
    const stored = found as StoredLetter;
    bytes += stored.payload.length;
    if (bytes > PAGE_BYTES_MAX && letters.length > 0) break;
    letters.push(letterOf(stored));
  }
  const dead = readCounts(database).reduce((sum, { counts }) => sum + counts.dead, 0);
  return { letters, kept, newest: newest ?? 0, dead };
}

function letterOf(stored: StoredLetter): DeadLetter {
  const { id, attempts, reason, row_crc: crc, seq, lane, topic, epoch, up_ms: upMs } = stored;
  const row = crc === null ? undefined : rowOf(stored.direction, { ...stored, crc });
  // before schema 4 dead letters had no checksum
  const unchecked = {
    seq,
    lane,
    topic,
    payload: new Uint8Array(stored.payload),
    qos: 1 as const,
    stamp: { epoch, upMs },
  };
  return { id, attempts, reason, row: row ?? unchecked, isWhole: row !== undefined || crc === null };
}
