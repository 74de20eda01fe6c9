/** Builds the C code of `hw/` with strict warnings, and prints the reason if there is no compiler. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const CLIENT = join(ROOT, 'hw/client/holdfast_sn.c');
/** Firmware transfer over the client. */
export const TRANSFER = join(ROOT, 'hw/client/holdfast_fw.c');
export const STRICT = ['-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Wshadow', '-Werror'];
const C99 = ['-std=c99', ...STRICT, '-I', join(ROOT, 'hw/client')];
/** Flags with which the first invalid access or undefined operation ends the program. */
export const SANITIZED = ['-g', '-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

/** Compiled program. The caller calls `remove` to delete its folder. */
export interface Program {
  readonly path: string;
  readonly remove: () => void;
}

export function run(command: string, words: readonly string[], input = ''): string {
  const ended = spawnSync(command, words, { encoding: 'utf8', input, maxBuffer: 64 * 1024 * 1024 });
  if (ended.status === 0) return ended.stdout;
  throw new Error(`${command} ${words.join(' ')}: ${ended.error ?? ended.status ?? ended.signal}\n${ended.stderr}`);
}

/** Prints a reason to skip tests. @returns true if `command` cannot compile a program with `flags` */
export function isMissing(command: string, debianPackage: string, flags: readonly string[] = []): boolean {
  const asked = spawnSync(command, [...flags, '-E', '-x', 'c', '-'], { input: '#include <stdint.h>\n' });
  if (asked.status === 0) return false;
  console.log(`skipped: ${command} cannot compile here (Debian: ${debianPackage})`);
  return true;
}

export function isWithoutCompiler(): boolean {
  return isMissing('cc', 'gcc libc6-dev', ['-include', 'stdio.h']);
}

/** Compiles and links a program. @param sources files, or `-` for the text in `input` */
export function build(
  sources: readonly string[],
  options: { readonly flags?: readonly string[]; readonly input?: string } = {},
): Program {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-hw-'));
  const path = join(folder, 'program');
  run('cc', [...C99, ...(options.flags ?? SANITIZED), '-o', path, '-x', 'c', ...sources], options.input);
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
