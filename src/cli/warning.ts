/** Warning on standard error, because another program may read standard output. */
import type { CommandContext } from './context.ts';
import { errorLines } from './error-lines.ts';
import { jsonLine } from './json-outputs.ts';

export function warn({ asJson }: CommandContext, message: string, hint: string): void {
  const lines = asJson
    ? [jsonLine('warning', { warning: { message, hint } })]
    : errorLines(message, hint, process.stderr, process.env);
  process.stderr.write(`${lines.join('\n')}\n`);
}
