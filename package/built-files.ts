/** Files that `npm run package` writes. A build begins with an empty folder, and removes only files of an earlier one. */
import { readdirSync } from 'node:fs';

const BUILT = /^(work|SHA256SUMS|holdfast_.+\.(deb|tar\.xz|cdx\.json))$/;

/** Names in a folder that are not of a build; empty if the folder does not exist. @throws if it cannot be read */
export function foreignFilesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => !BUILT.test(name));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
