/** `holdfast demo`: runs the demonstration on this terminal. With --json the display goes to standard error. */

import { runDemo } from '../bench/demo/demo.ts';
import type { DemoOutput } from '../bench/demo/demo-output.ts';
import { type CommandContext, printJson } from './context.ts';
import { openTerminal, type Terminal, wrap } from './terminal.ts';

export interface DemoCommandOptions {
  readonly seconds: number;
  readonly seed: number;
}

const WIDTH_MAX = 80;

/** @returns the exit code of `runDemo` */
export async function showDemo(context: CommandContext, { seconds, seed }: DemoCommandOptions): Promise<number> {
  const terminal = context.asJson ? openTerminal(process.stderr, process.env) : context.terminal;
  return await runDemo({
    seconds,
    seed,
    output: outputOn(terminal),
    onEnd: (outcome) => {
      if (context.asJson) printJson(context, 'demo', outcome);
    },
  });
}

function outputOn(terminal: Terminal): DemoOutput {
  const width = Math.min(WIDTH_MAX, terminal.width);
  return {
    line: (text, tone) => terminal.print(tone === undefined ? text : terminal.tone(tone, text)),
    sentence: (text, indent = 0) => {
      const margin = ' '.repeat(indent);
      for (const line of wrap(text, width - indent)) terminal.print(`${margin}${line}`);
    },
  };
}
