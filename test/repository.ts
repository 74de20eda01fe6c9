/** Files of this repository, for the checks of its order and of its prose. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Path from the root of the repository → text. */
export type Repository = ReadonlyMap<string, string>;

/** Comments of TypeScript. */
export const COMMENT = /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm;

/** Reads all files except generated ones. */
export function readRepository(): Repository {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const read = (folder: string): [string, string][] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (/^(node_modules|dist|\.git|\.holdfast|tmp)$/.test(entry.name)) return [];
      if (entry.isDirectory()) return read(path);
      return entry.isFile() ? [[path, readFileSync(join(root, path), 'utf8')]] : [];
    });
  return new Map(read('.'));
}
