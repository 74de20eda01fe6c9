/** Whether this user may write in a directory, or make it: looked at before anything is made, and told with the remedy. */
import { accessSync, constants, lstatSync, mkdirSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { userName, userNameOf } from './accounts.ts';
import { kernelPlaceOf } from './volatile-storage.ts';

export interface FolderProblem {
  /**
   * `place`: no file can ever be made there, whoever tries. `link`: a link that leads nowhere, perhaps until a disk is
   * mounted. `access`: this user may not, or the disk is read-only at present.
   */
  readonly kind: 'place' | 'link' | 'access';
  readonly what: string;
  readonly hint: string;
}

const OTHER_PLACE = 'Name a directory on a disk.';

/** @returns `undefined` if files can be made in the directory, once it is made if need be */
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
 * Makes the directory and those above it. Node's own way of doing so never returns below /proc.
 * @param mode of each that is made, whatever the umask
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
    // somebody else has made it meanwhile
    if (!(isErrno(error, 'EEXIST') && statSync(path, { throwIfNoEntry: false })?.isDirectory())) throw error;
  }
}

/** Without an entry in its directory that this user can see: a broken link has one. */
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

/** @param existing properties of the directory; `undefined`: it does not exist yet, or cannot be seen */
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
      hint: `Look at dmesg: the kernel makes it read-only after errors of the disk. Else: mount -o remount,rw, or name another directory.`,
    };
  return { kind: 'access', what: `${state} cannot be used: ${message}`, hint: 'Name another directory.' };
}

/** Of a file that is there. @returns `undefined` if this user may read and write it, or if it is not there */
export function fileProblem(path: string): FolderProblem | undefined {
  try {
    if (!statSync(path).isFile()) return { kind: 'place', what: `${path} is no file`, hint: 'Move it away.' };
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
      hint: `It belongs to somebody else: was the gateway run as another user before? Run: sudo chown -R ${user} ${dirname(path)}.`,
    };
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
