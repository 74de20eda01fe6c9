/** Manual page in the form of man(7), made from the commands. Source: man(7), groff_char(7). */
import { allNodes, type CommandNode, type OptionNode } from './command-tree.ts';

/** @param notes paragraphs after the commands, by heading */
export function manualPage(
  program: CommandNode,
  version: string,
  notes: readonly (readonly [heading: string, text: string])[],
): string {
  const commands = allNodes(program).filter(
    ({ words, children, examples }) => words.length > 0 && (children.length === 0 || examples.length > 0),
  );
  return [
    `.TH HOLDFAST 1 "" ${quoted(`holdfast ${version}`)} "User Commands"`,
    '.SH NAME',
    `holdfast \\- ${escaped(uncapitalised(program.description))}`,
    '.SH SYNOPSIS',
    '.B holdfast',
    '.RI [ options ]',
    '.I command',
    '.RI [ arguments ]',
    '.SH OPTIONS',
    ...program.options.flatMap(optionLines),
    '.SH COMMANDS',
    ...commands.flatMap(commandLines),
    ...notes.flatMap(([heading, text]) => [`.SH ${heading.toUpperCase()}`, escaped(text)]),
    '',
  ].join('\n');
}

function commandLines({ words, argumentsWords, description, options, examples }: CommandNode): string[] {
  const own = options.filter(({ long }) => long !== '--help');
  const usage = `${words.join(' ')}${argumentsWords === '' ? '' : ` ${argumentsWords}`}`;
  return [
    `.SS ${quoted(usage)}`,
    escaped(sentence(description)),
    ...own.flatMap(optionLines),
    ...(examples.length === 0 ? [] : ['.PP', '.EX', ...examples.map(escaped), '.EE']),
  ];
}

function optionLines({ flags, description, choices }: OptionNode): string[] {
  const list = choices.length === 0 ? '' : ` (${choices.join(', ')})`;
  return ['.TP', `.B ${quoted(flags)}`, escaped(sentence(`${capitalised(description)}${list}`))];
}

/** Text in which no character has a meaning for roff. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^([.'])/gm, '\\&$1');
}

const quoted = (text: string): string => `"${escaped(text).replaceAll('"', '\\(dq')}"`;
const sentence = (text: string): string => (/[.?!]$/.test(text) ? text : `${text}.`);
const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const uncapitalised = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
