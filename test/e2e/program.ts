/** `holdfast …` as a separate process: its output and its exit. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** Time after which a command that hangs is ended, so that the test fails. */
const COMMAND_MS_MAX = 120_000;
const LOOK_EVERY_MS = 20;

export interface Ended {
  /** Exit code, or the name of the signal that ended the process. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program to its end. With `--json` each whole line of output must fit the schema that it names. */
export async function runProgram(...words: readonly string[]): Promise<Ended> {
  return await startProgram(words).ended;
}

export interface Started {
  readonly ended: Promise<Ended>;
  /** Waits for this output, while `meanwhile` causes output. */
  hasPrinted(pattern: RegExp, meanwhile: () => void): Promise<void>;
}

/** @param output file for its standard output */
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
  const closed = new Promise<Ended>((resolve) =>
    child.once('close', (status, signal) => {
      hasEnded = true;
      resolve({ code: status ?? signal ?? '', stdout, stderr });
    }),
  );
  const ended = words.includes('--json') ? closed.then(fitting) : closed;
  const hasPrinted = async (pattern: RegExp, meanwhile: () => void): Promise<void> => {
    while (!pattern.test(stdout)) {
      if (hasEnded) throw new Error(`the process ended before it printed ${pattern}: ${stderr}`);
      meanwhile();
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  };
  return { ended, hasPrinted };
}

/** @throws Error if a line of output does not fit its schema */
async function fitting(output: Ended): Promise<Ended> {
  const { complaintsAbout } = await import('../json-complaints.ts');
  const lines = [...output.stdout.split('\n').slice(0, -1), ...output.stderr.split('\n').slice(0, -1)];
  const complaints = lines.flatMap(complaintsAbout);
  if (complaints.length > 0)
    throw new Error(`output of --json that does not fit its schema: ${complaints.slice(0, 5).join('; ')}`);
  return output;
}
