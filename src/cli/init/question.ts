/**
 * Questions on a terminal: one line each, with a default, repeated until the answer is valid. Secrets are not shown. A
 * question that is asked again proposes the answer that it had.
 */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { Fault } from '../../base/fault.ts';
import { hang, openTerminal } from '../terminal.ts';

export interface Question {
  readonly text: string;
  /** Answer of an empty line; absent: an answer is required. */
  readonly fallback?: string | undefined;
  /** Returns what is wrong with the answer; `undefined`: nothing. */
  readonly problem?: ((answer: string) => string | undefined) | undefined;
  /** True if the typed characters are not shown. */
  readonly isSecret?: boolean;
}

export interface Interview {
  /** Rejects with a Fault `usage` when the input ends, and with `InterviewInterrupted` at Ctrl-C. */
  ask(question: Question): Promise<string>;
  say(line: string): void;
  close(): void;
}

/** End of the questions by Ctrl-C. */
export class InterviewInterrupted extends Error {}

export function openInterview(): Interview {
  let isMuted = false;
  const output = new Writable({
    write: (chunk, _, done) => {
      if (!isMuted) process.stderr.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output, terminal: process.stdin.isTTY === true });
  const waiting: { take: (line: string) => void; end: (error: Error) => void }[] = [];
  const typed: string[] = [];
  const remembered = new Map<string, string>();
  let isOver = false;
  let isInterrupted = false;
  const ended = (): Error =>
    isInterrupted
      ? new InterviewInterrupted()
      : new Fault('usage', 'The input ended before all questions were answered; nothing was written', {
          hint: 'Start again, or give the answers as options: holdfast init --help.',
        });
  lines.on('line', (line) => {
    const next = waiting.shift();
    if (next === undefined) typed.push(line);
    else next.take(line);
  });
  lines.on('close', () => {
    isOver = true;
    if (waiting.length > 0) process.stderr.write('\n'); // the message stands below the question
    for (const { end } of waiting.splice(0)) end(ended());
  });
  // readline turns Ctrl-C into this event
  lines.on('SIGINT', () => {
    isInterrupted = true;
    lines.close();
  });
  const nextLine = (): Promise<string> =>
    new Promise((take, end) => {
      const early = typed.shift();
      if (early !== undefined) take(early);
      else if (isOver) end(ended());
      else waiting.push({ take, end });
    });
  const print = (mark: string, text: string): void => {
    const { width } = openTerminal(process.stderr, process.env);
    process.stderr.write(`${hang(mark, text, width).join('\n')}\n`);
  };
  return {
    ask: async ({ text, fallback, problem, isSecret = false }) => {
      const proposed = remembered.get(text) ?? fallback;
      const shown = isSecret && proposed !== undefined ? 'as before' : proposed;
      for (;;) {
        if (isOver) throw ended();
        lines.setPrompt(`${text}${shown === undefined ? '' : ` [${shown}]`}: `);
        lines.prompt();
        isMuted = isSecret;
        const line = await nextLine();
        isMuted = false;
        if (isSecret) process.stderr.write('\n');
        const answer = line.trim() === '' ? proposed : line.trim();
        const wrong = answer === undefined ? 'An answer is required.' : problem?.(answer);
        if (answer !== undefined && wrong === undefined) {
          remembered.set(text, answer);
          return answer;
        }
        print('  ', wrong ?? '');
      }
    },
    say: (line) => print('', line),
    close: () => lines.close(),
  };
}
