/** Programs of the machine that the build runs. */
import { spawnSync } from 'node:child_process';

export interface ProgramOptions {
  readonly cwd?: string;
  /** Added to the environment of the build. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Largest output, in bytes. The bill of materials of npm is 100 KB. */
const OUTPUT_MAX = 64 * 1024 * 1024;

/** @returns standard output; @throws if the program is missing or ends with another exit code than 0 */
export function outputOf(program: string, words: readonly string[], options: ProgramOptions = {}): string {
  const { cwd, environment } = options;
  const { status, stdout, stderr, error } = spawnSync(program, words, {
    encoding: 'utf8',
    maxBuffer: OUTPUT_MAX,
    env: Object.assign({}, process.env, { LC_ALL: 'C', TZ: 'UTC' }, environment),
    cwd,
  });
  if (error !== undefined) throw new Error(`${program} cannot be started: ${error.message}`);
  if (status !== 0) throw new Error(`${program} ${words.join(' ')} ended with ${status}: ${stderr.trim()}`);
  return stdout;
}
