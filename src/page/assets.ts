/** Files of pages. A checkout has one of them in the folder of its package; a package for users has all in one folder. */
import { existsSync, readFileSync } from 'node:fs';

const FOLDER = new URL('./assets/', import.meta.url);
/** Files of other packages, by their name here. */
const OF_PACKAGES: Readonly<Record<string, string>> = { 'idiomorph.js': 'idiomorph/dist/idiomorph.min.js' };

/** @throws if there is no such file; the names are constants */
export function readAsset(name: 'page.css' | 'live.js' | 'idiomorph.js'): string {
  const own = new URL(name, FOLDER);
  const other = OF_PACKAGES[name];
  const place = other === undefined || existsSync(own) ? own : new URL(import.meta.resolve(other));
  return readFileSync(place, 'utf8');
}
