/** Folders that survive a power failure: an entry is on the disk only after its folder has been synced. */
import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Syncs a folder or a file. Its content is on the disk when this returns. */
export function syncFolder(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
