/** Commands of the program as plain values, read from the library's commands. Completion and manual are made from them. */
import type { Command, Option } from 'commander';
import { EXAMPLES } from './examples.ts';

export interface CommandNode {
  /** Words after the name of the program; empty for the program itself. */
  readonly words: readonly string[];
  readonly description: string;
  /** Arguments as in the usage line, e.g. `<id>`. */
  readonly argumentsWords: string;
  /** Values that its arguments may have; empty: any. */
  readonly choices: readonly string[];
  readonly options: readonly OptionNode[];
  readonly examples: readonly string[];
  readonly children: readonly CommandNode[];
}

export interface OptionNode {
  /** Form in the help, e.g. `--config <file>`. */
  readonly flags: string;
  /** `--config` */
  readonly long: string;
  readonly description: string;
  readonly takesValue: boolean;
  readonly takesFile: boolean;
  readonly choices: readonly string[];
}

const HELP: Pick<OptionNode, 'flags' | 'long' | 'description'> = {
  flags: '-h, --help',
  long: '--help',
  description: 'display help for command',
};

export function treeOf(command: Command, words: readonly string[] = []): CommandNode {
  return {
    words,
    description: command.description(),
    argumentsWords: command.registeredArguments
      .map((one) => {
        const name = `${one.name()}${one.variadic ? '...' : ''}`;
        return one.required ? `<${name}>` : `[${name}]`;
      })
      .join(' '),
    choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    options: [...command.options.map(optionOf), { ...HELP, takesValue: false, takesFile: false, choices: [] }],
    examples: EXAMPLES[words.join(' ')] ?? [],
    children: command.commands.map((child) => treeOf(child, [...words, child.name()])),
  };
}

function optionOf(option: Option): OptionNode {
  const takesValue = option.required || option.optional;
  return {
    flags: option.flags,
    long: option.long ?? option.flags,
    description: option.description,
    takesValue,
    takesFile: takesValue && /<(file|path|out)>/.test(option.flags),
    choices: option.argChoices ?? [],
  };
}

/** The command and all commands below it, parents first. */
export function allNodes(node: CommandNode): readonly CommandNode[] {
  return [node, ...node.children.flatMap(allNodes)];
}
