/**
 * Makes sure that what SQLite recovered is on the medium, before anything is built on it.
 *
 * After a failed fsync Linux takes the pages for clean though they never reached the medium: every reader sees them, and
 * no later fsync writes them. A start after that would recover commits from such pages, append its own behind them and
 * acknowledge; a power cut then leaves a hole in the write-ahead log, and everything behind a hole is gone. Writing the
 * same bytes once more makes the pages dirty again, and each sector can only become what it was meant to be.
 */
import { closeSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';

const CHUNK_BYTES = 1024 * 1024;

/**
 * The caller's connection holds the exclusive lock and has written nothing yet. SQLite's locks are on the database file:
 * closing a descriptor of the log drops none.
 */
export function rewriteWal(databasePath: string): void {
  let file: number;
  try {
    file = openSync(`${databasePath}-wal`, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return; // ended in order, or never begun
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
