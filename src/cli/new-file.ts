/** File that a command writes for the user: new, and legible for the user only. */
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { Fault } from '../base/fault.ts';

export interface NewFile {
  /** Writes the whole content. From now on the file stays, with every exit code. */
  write(content: string | Uint8Array): void;
}

/**
 * Creates the file before its content is collected, so that a wrong path is reported at once. The file is removed if the
 * process ends before the content is written.
 * @param option option that names the file, for the hint
 * @throws Fault `usage` if the file exists or cannot be created
 */
export function claimNewFile(path: string, option: string): NewFile {
  const file = create(path, option);
  const remove = (): void => rmSync(path, { force: true });
  process.once('exit', remove);
  return {
    write: (content) => {
      writeFileSync(file, content);
      closeSync(file);
      process.off('exit', remove);
    },
  };
}

function create(path: string, option: string): number {
  try {
    return openSync(path, 'wx', 0o600);
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    const what = code === 'EEXIST' ? 'exists already' : `cannot be written (${code})`;
    throw new Fault('usage', `${path} ${what}`, { hint: `Name another file with ${option} FILE.`, cause });
  }
}
