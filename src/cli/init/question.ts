/** Questions on a terminal: one line each, with a default, repeated until the answer is valid. Secrets are not shown. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { Fault } from '../../base/fault.ts';

export interface Question {
  readonly text: string;
  /** Answer of an empty line; absent: an answer is required. */
  readonly fallback?: string | undefined;
  /** Returns what is wrong with the answer; `undefined`: nothing. */
  readonly problem?: (answer: string) => string | undefined;
  /** True if the typed characters are not shown. */
  readonly isSecret?: boolean;
}

export interface Interview {
  /** Rejects with a Fault `usage` when the input ends. */
  ask(question: Question): Promise<string>;
  say(line: string): void;
  close(): void;
}

export function openInterview(): Interview {
  let isMuted = false;
  const output = new Writable({
    write: (chunk, _, done) => {
      if (!isMuted) process.stderr.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output, terminal: process.stdin.isTTY === true });
  const waiting: { take: (line: string) => void; end: (fault: Fault) => void }[] = [];
  const typed: string[] = [];
  let isOver = false;
  const ended = (): Fault =>
    new Fault('usage', 'The input ended before all questions were answered; nothing was written', {
      hint: 'Start again, or give the answers as options: holdfast init --help.',
    });
  lines.on('line', (line) => {
    const next = waiting.shift();
    if (next === undefined) typed.push(line);
    else next.take(line);
  });
  lines.on('close', () => {
    isOver = true;
    for (const { end } of waiting.splice(0)) end(ended());
  });
  // readline turns Ctrl-C into this event
  lines.on('SIGINT', () => lines.close());
  const nextLine = (): Promise<string> =>
    new Promise((take, end) => {
      const early = typed.shift();
      if (early !== undefined) take(early);
      else if (isOver) end(ended());
      else waiting.push({ take, end });
    });
  return {
    ask: async ({ text, fallback, problem, isSecret = false }) => {
      for (;;) {
        lines.setPrompt(`${text}${fallback === undefined ? '' : ` [${fallback}]`}: `);
        lines.prompt();
        isMuted = isSecret;
        const line = await nextLine();
        isMuted = false;
        if (isSecret) process.stderr.write('\n');
        const answer = line.trim() === '' ? fallback : line.trim();
        const wrong = answer === undefined ? 'An answer is required.' : problem?.(answer);
        if (answer !== undefined && wrong === undefined) return answer;
        process.stderr.write(`  ${wrong}\n`);
      }
    },
    say: (line) => process.stderr.write(`${line}\n`),
    close: () => lines.close(),
  };
}
