/** Whether this user may write in a directory, or make it: looked at before anything is made, and told with the remedy. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { userName } from './accounts.ts';

export interface FolderProblem {
  readonly what: string;
  readonly hint: string;
}

/** @returns `undefined` if files can be made in the directory, once it is made if need be */
export function folderProblem(path: string): FolderProblem | undefined {
  const isThere = existsSync(path);
  let found = path;
  while (!existsSync(found) && found !== dirname(found)) found = dirname(found);
  const state = isThere ? path : `${path} (which does not exist yet)`;
  try {
    if (!statSync(found).isDirectory()) return { what: `${found} is no directory`, hint: 'Correct the path.' };
    accessSync(found, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const user = userName();
    const install = `sudo install -d -o ${user} -m 0750 ${path}`;
    if (code === 'EACCES' || code === 'EPERM')
      return {
        what: `user ${user} may not write in ${state}`,
        hint: `Run: ${install}. As a service, systemd makes it for user holdfast; or name another directory.`,
      };
    if (code === 'EROFS')
      return {
        what: `the file system of ${state} is read-only`,
        hint: `Look at dmesg: the kernel makes it read-only after errors of the disk. Else: mount -o remount,rw, or name another directory.`,
      };
    return { what: `${state} cannot be used: ${message}`, hint: 'Name another directory.' };
  }
}

/** Of a file that is there. @returns `undefined` if this user may read and write it, or if it is not there */
export function fileProblem(path: string): FolderProblem | undefined {
  try {
    if (!statSync(path).isFile()) return { what: `${path} is no file`, hint: 'Move it away.' };
    accessSync(path, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const user = userName();
    if (code === 'EROFS') return folderProblem(dirname(path));
    if (code !== 'EACCES' && code !== 'EPERM') return undefined;
    return {
      what: `user ${user} may not read and write ${path}`,
      hint: `It belongs to somebody else: was the gateway run as another user before? Run: sudo chown -R ${user} ${dirname(path)}.`,
    };
  }
}
