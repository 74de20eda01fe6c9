/**
 * Name of a process of this machine. The kernel's own name is the name of a thread or of an interpreter ("MainThread",
 * "node", "python3"); the name of its script is more useful then. Source: proc(5). Never throws.
 */
import { existsSync, readlinkSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { kernelTextOf } from './kernel-file.ts';

/** Names of processes whose program is their first argument that is not an option. */
const INTERPRETER = /^(MainThread|node|nodejs|python[\d.]*|perl|ruby|sh|bash|dash)$/;
const HOLDFAST = 'holdfast';

/** @returns for example `minicom` or `holdfast`; `undefined` if the process has ended or is not accessible */
export function programName(pid: number): string | undefined {
  const name = kernelTextOf(`/proc/${pid}/comm`).trim();
  if (!INTERPRETER.test(name)) return name === '' ? undefined : name;
  const [, ...words] = kernelTextOf(`/proc/${pid}/cmdline`).split('\0');
  const script = words.find((word) => word !== '' && !word.startsWith('-'));
  if (script === undefined) return name === 'MainThread' ? 'node' : name;
  return isHoldfast(script, pid) ? HOLDFAST : basename(script);
}

/** Returns for example `minicom (process 812)`, or `process 812` if the name is unknown. */
export function processWords(pid: number): string {
  const name = programName(pid);
  return name === undefined ? `process ${pid}` : `${name} (process ${pid})`;
}

/** True if the script is the program of a checkout or of a package, which has `bin/holdfast` beside its folder. */
function isHoldfast(script: string, pid: number): boolean {
  if (!/(src\/main\.ts|lib\/main\.js)$/.test(script)) return false;
  const path = isAbsolute(script) ? script : join(folderOf(pid), script);
  return existsSync(join(dirname(dirname(path)), 'bin', HOLDFAST));
}

function folderOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '/';
  }
}
