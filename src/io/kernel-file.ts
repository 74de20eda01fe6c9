/** Small files of the kernel, e.g. in /sys. */
import { readFile } from 'node:fs/promises';

/** Content without white space at its ends; `undefined`: the file is missing, or this user may not read it. */
export async function textOf(path: string): Promise<string | undefined> {
  return (await readFile(path, 'utf8').catch(() => undefined))?.trim();
}
