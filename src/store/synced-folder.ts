/** Folders as a power cut may leave them: an entry is on the disk only once its folder has been synced. */
import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes the folder of a store that is not there yet, and returns when a power cut can no longer take it away whole. */
export function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  // all the way up: who made which of them, just now or before a crash, nobody knows
  for (let folder = path; folder !== dirname(folder); folder = dirname(folder)) {
    try {
      syncFolder(dirname(folder));
    } catch (error) {
      // not ours to open, hence not made by us; or of a file system that has nothing to sync
      if (!['EACCES', 'EPERM', 'EINVAL', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

/** Or a file: what it holds is on the disk when this returns. */
export function syncFolder(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
