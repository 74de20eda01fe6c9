/** Folders as a power cut may leave them: an entry is on the disk only once its folder has been synced. */
import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Or a file: what it holds is on the disk when this returns. */
export function syncFolder(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
