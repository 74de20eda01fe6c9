/**
 * Does the log beside a database belong to it? Nothing in SQLite's format says so, and a log that a backup or a hand put
 * there is replayed over the database. So each store has a random application id from its birth, in the header on its
 * first page, and every image of that page in its log has the same.
 *
 * Reads the files by other means than SQLite: only before the database is opened in this process.
 * Source of the layout: https://www.sqlite.org/fileformat2.html §1.3, §4.1.
 */
import { closeSync, openSync, readSync } from 'node:fs';

const HEADER_BYTES = 100;
const APPLICATION_ID_AT = 68;
const LOG_HEADER_BYTES = 32;
const PAGE_BYTES_AT = 8;
const FRAME_HEADER_BYTES = 24;

/** Yes, unless it is certain that it is not. */
export function isLogOwn(path: string): boolean {
  const own = read(path, 0, HEADER_BYTES)?.readUInt32BE(APPLICATION_ID_AT) ?? 0;
  const pageBytes = read(`${path}-wal`, 0, LOG_HEADER_BYTES)?.readUInt32BE(PAGE_BYTES_AT) ?? 0;
  if (own === 0 || pageBytes < 512) return true;
  for (let at = LOG_HEADER_BYTES; ; at += FRAME_HEADER_BYTES + pageBytes) {
    const frame = read(`${path}-wal`, at, FRAME_HEADER_BYTES + HEADER_BYTES);
    if (frame === undefined) return true;
    if (frame.readUInt32BE(0) !== 1) continue;
    const id = frame.readUInt32BE(FRAME_HEADER_BYTES + APPLICATION_ID_AT);
    // 0: a frame that a power cut has torn; its log is our own all the same
    if (id !== 0) return id === own;
  }
}

/** @returns `undefined` where there are not so many bytes */
function read(path: string, at: number, length: number): Buffer | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const bytes = Buffer.alloc(length);
    return readSync(file, bytes, 0, length, at) === length ? bytes : undefined;
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
