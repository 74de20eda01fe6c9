/** `holdfast …` as a process of its own: what it prints and how it ends. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** A command that does not end is ended, and the test sees it. */
const COMMAND_MS_MAX = 120_000;
const LOOK_EVERY_MS = 20;

export interface Ended {
  /** The exit code, or the name of the signal that ended it. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runProgram(...words: readonly string[]): Promise<Ended> {
  return await startProgram(words).ended;
}

export interface Started {
  readonly ended: Promise<Ended>;
  /** Waits until it has printed this, and gives it something to print meanwhile. */
  hasPrinted(pattern: RegExp, meanwhile: () => void): Promise<void>;
}

/** @param output file that takes its standard output instead */
export function startProgram(words: readonly string[], output?: string): Started {
  const file = output === undefined ? undefined : openSync(output, 'w');
  const child = spawn(process.execPath, [MAIN, ...words], {
    stdio: ['ignore', file ?? 'pipe', 'pipe'],
    timeout: COMMAND_MS_MAX,
    killSignal: 'SIGKILL',
  });
  if (file !== undefined) closeSync(file);
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  let hasEnded = false;
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (status, signal) => {
      hasEnded = true;
      resolve({ code: status ?? signal ?? '', stdout, stderr });
    }),
  );
  const hasPrinted = async (pattern: RegExp, meanwhile: () => void): Promise<void> => {
    while (!pattern.test(stdout)) {
      if (hasEnded) throw new Error(`it ended before it printed ${pattern}: ${stderr}`);
      meanwhile();
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  };
  return { ended, hasPrinted };
}
