/** File that a command writes for the user: new, and legible for the user only. */
import { openSync, rmSync } from 'node:fs';
import { EXIT, Fault } from '../base/fault.ts';

/**
 * Creates the file before its content is collected, so that a wrong path is reported at once. The file is removed if the
 * command fails.
 * @param option option that names the file, for the hint
 * @throws Fault `usage` if the file exists or cannot be created
 */
export function claimNewFile(path: string, option: string): number {
  try {
    const file = openSync(path, 'wx', 0o600);
    process.once('exit', (code) => code !== EXIT.ok && rmSync(path, { force: true }));
    return file;
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    const what = code === 'EEXIST' ? 'exists already' : `cannot be written (${code})`;
    throw new Fault('usage', `${path} ${what}`, { hint: `Name another file with ${option} FILE.`, cause });
  }
}
