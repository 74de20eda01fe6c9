/** Warning on standard error, because another program may read standard output. */
import type { CommandContext } from './context.ts';
import { errorLines } from './error-lines.ts';
import { jsonLine } from './json-outputs.ts';

let linesWritten = 0;

/** Number of lines of warnings so far, for a screen that must leave room for them. */
export function warningLines(): number {
  return linesWritten;
}

export function warn({ asJson, terminal }: CommandContext, message: string, remedy: string): void {
  const hint = terminal.addressed?.(remedy) ?? remedy;
  const lines = asJson
    ? [jsonLine('warning', { warning: { message, hint } })]
    : errorLines(message, hint, process.stderr, process.env);
  linesWritten += lines.length;
  process.stderr.write(`${lines.join('\n')}\n`);
}
