/** Licences of the packages whose files are in the product: each requires that its text goes with every copy. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Folder of a package in the path of one of its modules. */
const PACKAGE = /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//;
const LICENCE_FILE = /^(licen[cs]e|copying)([.-].*)?$/i;
/** Packages with the machine code of koffi, without a text of their own; the text of koffi covers them. */
const COVERED = /\/@koromix\/koffi-[^/]+$/;

export interface Part {
  readonly name: string;
  readonly version: string;
}

/** Folders of the packages that `paths` lead into, in the order of their names. */
export function packageFolders(paths: readonly string[]): readonly string[] {
  const folders = new Set(paths.flatMap((path) => PACKAGE.exec(path)?.[1] ?? []));
  const nameIn = (folder: string): string => folder.slice(folder.lastIndexOf('node_modules/'));
  return [...folders].sort((one, other) => (nameIn(one) < nameIn(other) ? -1 : 1));
}

export function partIn(folder: string): Part {
  const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return { name, version };
}

/** @param paths files of packages; @throws if a package has no licence text */
export function licenceTexts(paths: readonly string[]): string {
  const folders = packageFolders(paths).filter((folder) => !COVERED.test(folder));
  return [...new Set(folders.map(sectionOf))].join('\n');
}

function sectionOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((one) => LICENCE_FILE.test(one));
  if (file === undefined) throw new Error(`${name} ${version} (${license}) has no licence text in ${folder}`);
  return `${'='.repeat(80)}\n${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
}
