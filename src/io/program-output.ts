/** Output of a program of the machine, e.g. systemctl. No shell; limited time and size. */
import { type ExecFileException, execFile } from 'node:child_process';

const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
const MS_MAX = 3000;

export type ProgramOutput = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string };

/** @param signal ends the program @returns standard output, or the reason why there is none. Never rejects. */
export function runProgram(program: string, words: readonly string[], signal: AbortSignal): Promise<ProgramOutput> {
  const options = { signal, timeout: MS_MAX, maxBuffer: OUTPUT_BYTES_MAX, env: { ...process.env, LC_ALL: 'C' } };
  return new Promise((resolve) => {
    execFile(program, words, options, (error, stdout, stderr) =>
      resolve(error === null ? { ok: true, text: stdout } : { ok: false, why: reasonOf(program, error, stderr) }),
    );
  });
}

function reasonOf(program: string, error: ExecFileException, stderr: string): string {
  if (error.code === 'ENOENT') return `${program} is not installed`;
  if (error.killed === true) return `${program} took longer than ${MS_MAX} ms, or printed too much`;
  const line = (stderr.split('\n')[0] ?? '').replace(/[.\s]+$/, ''); // the sentence around it has its own full stop
  return `${program} failed${line === '' ? '' : `: ${line}`}`;
}
