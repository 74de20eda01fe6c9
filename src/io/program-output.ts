/** Output of a program of the machine, e.g. systemctl. No shell; limited time and size. */
import { execFile } from 'node:child_process';

const OUTPUT_BYTES_MAX = 1024 * 1024;
const MS_MAX = 3000;

/**
 * @param signal ends the program @returns standard output; `undefined`: the program is missing, failed, or took longer
 * than 3 s. Never rejects.
 */
export function runProgram(
  program: string,
  words: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const options = { signal, timeout: MS_MAX, maxBuffer: OUTPUT_BYTES_MAX, env: { ...process.env, LC_ALL: 'C' } };
  return new Promise((resolve) => {
    execFile(program, words, options, (error, stdout) => resolve(error === null ? stdout : undefined));
  });
}
