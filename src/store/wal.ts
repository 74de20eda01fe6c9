/**
 * Ensures that the part of the WAL that SQLite recovered is on the medium before new commits follow.
 *
 * After a failed fsync Linux marks pages as clean although they never reached the medium: every reader sees them, and
 * no later fsync writes them. A later start would recover commits from such pages, append its own commits behind them
 * and acknowledge them. A power failure then leaves a gap in the write-ahead log, and everything behind the gap is
 * lost. Writing the same bytes again makes the pages dirty again, and each sector can only get its intended content.
 */
import { closeSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';

const CHUNK_BYTES = 1024 * 1024;

/**
 * Writes the bytes of the WAL again and syncs them. The caller's connection must hold the exclusive lock and must not
 * have written yet. SQLite's locks are on the database file; closing a descriptor of the WAL releases none.
 */
export function rewriteWal(databasePath: string): void {
  let file: number;
  try {
    file = openSync(`${databasePath}-wal`, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return; // closed in order, or never used
    throw error;
  }
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let at = 0, length = readSync(file, chunk, 0, CHUNK_BYTES, at); length > 0; ) {
      for (let done = 0; done < length; ) done += writeSync(file, chunk, done, length - done, at + done);
      at += length;
      length = readSync(file, chunk, 0, CHUNK_BYTES, at);
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
