/** Licences of the packages whose code is in the program: each requires that its text goes with every copy. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Folder of a package in the path of one of its modules. */
const PACKAGE = /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//;
const LICENCE_FILE = /^(licen[cs]e|copying)([.-].*)?$/i;

/** @param modules paths of the modules in the program; @throws if a package has no licence text */
export function licenceTexts(modules: readonly string[]): string {
  const folders = new Set(modules.flatMap((path) => PACKAGE.exec(path)?.[1] ?? []));
  return [...folders].sort().map(sectionOf).join('\n');
}

function sectionOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((one) => LICENCE_FILE.test(one));
  if (file === undefined) throw new Error(`${name} ${version} (${license}) has no licence text in ${folder}`);
  return `${'='.repeat(80)}\n${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
}
