/**
 * argv → command → exit code. The only file that sets an exit code or prints an error.
 *
 * Until the version of Node is checked, this file imports texts only, because an older Node crashes in SQLite's
 * binding.
 */
import { EXIT, exitCodeOf, Fault } from './base/fault.ts';
import { errorLines } from './cli/error-lines.ts';
import { jsonErrorOf, jsonLine } from './cli/json-outputs.ts';
import { nodeProblem } from './cli/node-version.ts';

const words = process.argv.slice(2);

async function main(): Promise<number> {
  const problem = nodeProblem(process.versions.node);
  if (problem !== undefined) {
    throw new Fault('node-too-old', problem, {
      hint: 'Start bin/holdfast, which uses the Node of the installation.',
    });
  }
  const { runCommandLine } = await import('./cli/program.ts');
  return await runCommandLine(words);
}

function report(error: unknown): number {
  const asJson = words.includes('--json');
  if (error instanceof Fault) {
    process.stderr.write(
      asJson
        ? `${jsonLine('error', { error: jsonErrorOf(error) })}\n`
        : `${errorLines(error.message, error.hint, process.stderr, process.env).join('\n')}\n`,
    );
    return exitCodeOf(error.code);
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const hint = 'This is a defect of holdfast. Please report it with these lines.';
  process.stderr.write(
    asJson
      ? `${jsonLine('error', { error: { code: 'bug', message: stack, hint, retryable: false } })}\n`
      : `${stack}\n  -> ${hint}\n`,
  );
  return EXIT.bug;
}

// EPIPE, for example in `holdfast tail | head`: the reader has closed the pipe, which is not an error
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  process.stderr.write(`holdfast: Cannot write to standard output (${error.code}): the output is incomplete\n`);
  process.exit(EXIT.storage);
});
// without a reader of errors the exit code alone says what happened
process.stderr.on('error', () => undefined);
process.on('uncaughtException', (error) => process.exit(report(error)));

const exitCode = await main().catch(report);
// the process waits until the printed text is written, but not for open timers and sockets
process.stdout.write('', () => setImmediate(() => process.exit(exitCode)));
