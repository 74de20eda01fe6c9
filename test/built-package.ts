/** The package for users (`package/build.ts`), built into a folder, with the installed packages of this checkout. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * Builds the package and links the packages in its lockfile that are installed here, and no others. @returns its
 * program; @throws if the build fails
 */
export function buildPackage(folder: string): string {
  const words = [join(ROOT, 'package/build.ts'), '--program', folder];
  const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`package/build.ts ended with ${status}: ${stderr}`);
  const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
  for (const path of Object.keys(packages)) {
    // a package within another one comes with its link
    if (path.lastIndexOf('node_modules/') !== 0) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    symlinkSync(join(ROOT, path), join(folder, path));
  }
  return join(folder, 'lib/main.js');
}
