/** Shape of the command tables in this folder, and readers of option values. */
import { type Command, InvalidArgumentError } from 'commander';
import type { CommandContext } from '../context.ts';

/** Input of a command: general options, its own options, its arguments. */
export interface Call<Options> {
  readonly context: CommandContext;
  readonly options: Options;
  readonly words: readonly string[];
}

export type CommandAction<Options> = (call: Call<Options>) => Promise<number>;
export type Add = <Options>(
  usage: string,
  description: string,
  act: CommandAction<Options>,
  parent?: Command,
) => Command;

export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new InvalidArgumentError(`Allowed: a whole number from ${min} to ${max}.`);
  };
}
