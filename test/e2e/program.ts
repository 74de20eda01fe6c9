/** `holdfast …` as a process of its own: what it prints and how it ends. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** A command that does not end is ended, and the test sees it. */
const COMMAND_MS_MAX = 120_000;

export interface Ended {
  /** The exit code, or the name of the signal that ended it. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runProgram(...words: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: COMMAND_MS_MAX,
    killSignal: 'SIGKILL',
  });
  const [code, stdout, stderr] = await Promise.all([
    new Promise<number | string>((resolve) => child.once('close', (status, signal) => resolve(status ?? signal ?? ''))),
    child.stdout.setEncoding('utf8').reduce((all: string, text: string) => all + text, ''),
    child.stderr.setEncoding('utf8').reduce((all: string, text: string) => all + text, ''),
  ]);
  return { code, stdout, stderr };
}
