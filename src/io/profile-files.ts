/** Files of device profiles: those shipped with the program, and those of the machine, which go before. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readRegularFile, UnreadableFile } from './regular-file.ts';

/** Folder beside the code of a package for users, and in the root of a checkout. */
const SHIPPED = ['../profiles/', '../../profiles/'];
/** Name of a file: a path cannot be named by an id. */
const FILE = /^([a-z0-9][a-z0-9_-]{0,63})\.toml$/;
/** Largest size of a file. 2000 points take 200 KB. */
const BYTES_MAX = 1_048_576;

export interface ProfileFile {
  readonly file: string;
  /** Content; `undefined`: the file cannot be read. */
  readonly text?: string;
  /** Predicate of the file: why it cannot be read. */
  readonly unreadable?: string;
  /** Shipped file with the same id, which this one replaces. */
  readonly replaces?: string;
}

export function shippedProfiles(): string {
  const folders = SHIPPED.map((path) => fileURLToPath(new URL(path, import.meta.url)));
  return folders.find((folder) => existsSync(folder)) ?? folders[0] ?? '';
}

/** Paths at which the file of a profile may be, in the order of the search. @param folder of the machine */
export function profilePaths(id: string, folder: string): readonly string[] {
  return FILE.test(`${id}.toml`) ? [folder, shippedProfiles()].map((one) => join(one, `${id}.toml`)) : [];
}

/** @param folder of the machine @returns `undefined`: there is no file */
export function findProfile(id: string, folder: string): ProfileFile | undefined {
  const [own, shipped] = profilePaths(id, folder).map(readProfileFile);
  if (own === undefined) return shipped;
  return shipped === undefined ? own : { ...own, replaces: shipped.file };
}

/** @returns `undefined`: there is no such file */
export function readProfileFile(file: string): ProfileFile | undefined {
  try {
    return { file, text: readRegularFile(file, BYTES_MAX).toString('utf8') };
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    return { file, unreadable: error.message };
  }
}

export interface ProfileFolder {
  readonly folder: string;
  readonly ids: readonly string[];
  /** Names of files that are no ids, so that no configuration can use them. */
  readonly ignored: readonly string[];
  /** Reason for which the folder cannot be read, as a predicate; a missing folder is empty. */
  readonly unreadable: string | undefined;
}

export function profilesOf(folder: string): ProfileFolder {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.toml'));
    const ids = names.flatMap((name) => FILE.exec(name)?.[1] ?? []).sort();
    return { folder, ids, ignored: names.filter((name) => !FILE.test(name)), unreadable: undefined };
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    const isMissing = code === 'ENOENT' || code === 'ENOTDIR';
    return { folder, ids: [], ignored: [], unreadable: isMissing ? undefined : `cannot be read (${code})` };
  }
}

/** Ids of all profiles, each once. @param folder of the machine */
export function profileIds(folder: string): readonly string[] {
  return [...new Set([...profilesOf(folder).ids, ...profilesOf(shippedProfiles()).ids])].sort();
}
