/**
 * Checks whether this user may write in a directory or create it, before any file is created. Each problem has a hint.
 */
import { accessSync, constants, lstatSync, mkdirSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { userName, userNameOf } from './accounts.ts';
import { kernelPlaceOf } from './volatile-storage.ts';

export interface FolderProblem {
  /**
   * `place`: no user can create files there. `link`: a broken link, which may work after a disk is mounted. `access`:
   * this user has no permission, or the disk is read-only now.
   */
  readonly kind: 'place' | 'link' | 'access';
  readonly what: string;
  readonly hint: string;
}

const OTHER_PLACE = 'Name a directory on a disk.';

/** @returns `undefined` if files can be created in the directory, after creating the directory itself if needed */
export function folderProblem(path: string): FolderProblem | undefined {
  const kernel = kernelPlaceOf(path);
  if (kernel !== undefined)
    return { kind: 'place', what: `${path} is in a file system that keeps no files (${kernel})`, hint: OTHER_PLACE };
  let found = path;
  while (isMissing(found) && found !== dirname(found)) found = dirname(found);
  const link = brokenLink(found);
  if (link !== undefined) return link;
  try {
    const stats = statSync(found);
    if (!stats.isDirectory()) return { kind: 'place', what: `${found} is no directory`, hint: 'Correct the path.' };
    try {
      accessSync(found, constants.W_OK | constants.X_OK);
      return undefined;
    } catch (error) {
      return accessProblem(error as NodeJS.ErrnoException, path, found === path ? stats : undefined);
    }
  } catch (error) {
    return accessProblem(error as NodeJS.ErrnoException, path, undefined);
  }
}

/**
 * Creates the directory and its missing parents. `mkdirSync` with `recursive` never returns below /proc.
 * @param mode mode of each created directory, independent of the umask
 */
export function makeFolders(path: string, mode: number): void {
  const missing: string[] = [];
  for (let folder = path; isMissing(folder) && folder !== dirname(folder); folder = dirname(folder))
    missing.unshift(folder);
  const mask = process.umask(0o777 & ~mode);
  try {
    for (const folder of missing) makeFolder(folder, mode);
  } finally {
    process.umask(mask);
  }
}

function makeFolder(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // another process has created the directory meanwhile
    if (!(isErrno(error, 'EEXIST') && statSync(path, { throwIfNoEntry: false })?.isDirectory())) throw error;
  }
}

/** True if the directory has no entry that this user can see. A broken link has an entry. */
function isMissing(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return true;
  }
}

function brokenLink(path: string): FolderProblem | undefined {
  try {
    statSync(path);
    return undefined;
  } catch (error) {
    if (!isErrno(error, 'ENOENT') && !isErrno(error, 'ELOOP')) return undefined;
    const what = isErrno(error, 'ELOOP')
      ? `${path} is a link that leads to itself`
      : `${path} is a link to ${readlinkSync(path)}, which does not exist`;
    return { kind: 'link', what, hint: 'Mount the disk or make the directory that it leads to, or correct the path.' };
  }
}

/** @param existing properties of the directory; `undefined`: missing, or not accessible */
function accessProblem(
  { code, message }: NodeJS.ErrnoException,
  path: string,
  existing: Stats | undefined,
): FolderProblem {
  const state = existing === undefined ? `${path} (which does not exist yet)` : path;
  const user = userName();
  if (code === 'EACCES' || code === 'EPERM') {
    const install = `Run: sudo install -d -o ${user} -m 0750 ${path}. As a service, systemd makes it for user holdfast; or name another directory.`;
    const owner = existing === undefined ? undefined : userNameOf(existing.uid);
    return {
      kind: 'access',
      what: `user ${user} may not write in ${state}`,
      hint:
        owner === undefined || owner === 'root'
          ? install
          : `It belongs to user ${owner}: run the gateway as that user (sudo -u ${owner} holdfast run), or name another directory.`,
    };
  }
  if (code === 'EROFS')
    return {
      kind: 'access',
      what: `the file system of ${state} is read-only`,
      hint: `Run dmesg: the kernel makes a file system read-only after disk errors. Else: mount -o remount,rw, or name another directory.`,
    };
  return { kind: 'access', what: `${state} cannot be used: ${message}`, hint: 'Name another directory.' };
}

/** Checks an existing file. @returns `undefined` if this user may read and write the file, or if the file is missing */
export function fileProblem(path: string): FolderProblem | undefined {
  try {
    if (!statSync(path).isFile()) return { kind: 'place', what: `${path} is not a file`, hint: 'Move it away.' };
    accessSync(path, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const user = userName();
    if (code === 'EROFS') return folderProblem(dirname(path));
    if (code !== 'EACCES' && code !== 'EPERM') return undefined;
    return {
      kind: 'access',
      what: `user ${user} may not read and write ${path}`,
      hint: `It belongs to another user: was the gateway run as another user before? Run: sudo chown -R ${user} ${dirname(path)}.`,
    };
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
