/**
 * Check of a program that the gateway runs: an executable file that only root and the user of the service can change.
 * The check is repeated before each run. Its folder is checked too, because its owner can exchange the file.
 */
import { accessSync, constants, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';

export interface ProgramProblem {
  /** Predicate, e.g. `does not exist`. */
  readonly what: string;
  readonly hint: string;
}

/** Mode bits of a file that the group or others can write. */
const WRITABLE = 0o022;
const WRITABLE_BY_OTHERS = 0o002;
/** Only owners can rename or delete the files of such a folder. */
const STICKY = 0o1000;

/** @param uid user that runs the program @returns `undefined`: the program can be run */
export function programProblem(path: string, uid: number = process.geteuid?.() ?? 0): ProgramProblem | undefined {
  try {
    const file = realpathSync(path);
    return fileProblem(file, statSync(file), uid) ?? folderProblem(dirname(file), uid) ?? runProblem(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const what = code === 'ENOENT' || code === 'ENOTDIR' ? 'does not exist' : `cannot be examined (${code})`;
    return { what, hint: 'Install the program, or correct its path. It must be visible to the user of the service.' };
  }
}

function fileProblem(file: string, stats: Stats, uid: number): ProgramProblem | undefined {
  if (!stats.isFile()) return { what: 'is not a regular file', hint: 'Name the program itself.' };
  if (isForeign(stats, uid))
    return {
      what: `belongs to user id ${stats.uid}, who can change it`,
      hint: `Run: sudo chown root: ${file}`,
    };
  if ((stats.mode & WRITABLE) !== 0)
    return { what: `has mode ${octal(stats)}: others can change it`, hint: `Run: sudo chmod go-w ${file}` };
  return undefined;
}

function folderProblem(folder: string, uid: number): ProgramProblem | undefined {
  const stats = statSync(folder);
  const isOpen = (stats.mode & WRITABLE_BY_OTHERS) !== 0 && (stats.mode & STICKY) === 0;
  if (!isForeign(stats, uid) && !isOpen) return undefined;
  const hint = `Move it into a folder that only root can change, e.g. /usr/local/lib, or: sudo chown root: ${folder}; sudo chmod o-w ${folder}`;
  return { what: `is in ${folder}, which others can change`, hint };
}

function runProblem(file: string): ProgramProblem | undefined {
  try {
    accessSync(file, constants.X_OK);
    return undefined;
  } catch {
    return { what: 'is not executable by this user', hint: `If this is the program, run: sudo chmod 0755 ${file}` };
  }
}

function isForeign({ uid: owner }: Stats, uid: number): boolean {
  return owner !== 0 && owner !== uid;
}

function octal({ mode }: Stats): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}
