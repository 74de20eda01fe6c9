/** Small files and folders of the kernel in /proc and /sys. */
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** Content without white space at its ends; `undefined`: the file is missing, or this user may not read it. */
export async function textOf(path: string): Promise<string | undefined> {
  return (await readFile(path, 'utf8').catch(() => undefined))?.trim();
}

/** Content as it is; empty if the file is missing, or this user may not read it. */
export function kernelTextOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Names in a folder; none if it is missing, or this user may not read it. */
export function kernelNamesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** `179:2` for a device number as encoded by glibc (makedev(3)), as in `/sys/dev/block`. */
export function deviceNumberOf(dev: number): string {
  const bits = BigInt(dev);
  return `${(bits >> 8n) & 0xfffn}:${(bits & 0xffn) | ((bits >> 12n) & 0xffffff00n)}`;
}
