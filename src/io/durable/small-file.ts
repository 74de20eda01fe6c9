/** Small files of the state directory that are read whole and replaced whole. */
import { closeSync, constants, fsyncSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { syncFolder } from './synced-folder.ts';

/** Bytes that are read of a file. */
const BYTES_MAX = 64 * 1024;

/** @returns the beginning of the file, at most 64 KiB; '' if it cannot be read, `undefined` if it does not exist */
export function readBeginning(path: string): string | undefined {
  let file: number;
  try {
    // O_NONBLOCK: a FIFO with this name must not block the start
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : '';
  }
  try {
    const bytes = Buffer.alloc(BYTES_MAX);
    return bytes.toString('utf8', 0, readSync(file, bytes));
  } catch {
    return '';
  } finally {
    closeSync(file);
  }
}

/**
 * Replaces a file, mode 0600. The text is durable on return, and a power cut leaves the old or the new text.
 *
 * @throws the error of the file system
 */
export function writeDurably(folder: string, name: string, text: string): void {
  const path = join(folder, name);
  const part = `${path}.part`;
  const file = openSync(part, 'w', 0o600);
  try {
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(part, path);
  syncFolder(folder);
}
