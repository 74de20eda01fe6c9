/** Small files of the state directory that are read whole and replaced whole. */
import { closeSync, constants, fsyncSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from './synced-folder.ts';

/** Bytes that are read of a file. */
const BYTES_MAX = 64 * 1024;
/** Flags of a new file that will replace another one. A link with its name is not followed. */
const REPLACEMENT = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

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
  const file = openSync(part, REPLACEMENT, 0o600);
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

/** Replaces a file in the same way without blocking the event loop, for files that a working gateway writes. */
export async function writeDurablyInBackground(folder: string, name: string, text: string): Promise<void> {
  const path = join(folder, name);
  const part = `${path}.part`;
  const file = await open(part, REPLACEMENT, 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, path);
  const place = await open(folder, constants.O_RDONLY);
  try {
    await place.sync();
  } finally {
    await place.close();
  }
}
