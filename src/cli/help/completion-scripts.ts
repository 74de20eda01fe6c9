/**
 * Completion for bash, zsh and fish, as scripts that need no process of holdfast. Sources: bash(1) "Programmable
 * Completion", zshcompsys(1), fish's `complete`.
 */
import { allNodes, type CommandNode } from './command-tree.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type ShellName = (typeof SHELLS)[number];

export function completionScript(shell: ShellName, program: CommandNode): string {
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](program);
}

/** Function in bash: follows the typed words as far as they are commands, then offers commands, options or files. */
function bashScript(program: CommandNode): string {
  const own = program.options.map(({ long }) => long);
  const cases = allNodes(program).map((node) => {
    const options = [...new Set([...node.options.map(({ long }) => long), ...own])];
    return `    ${bashKey(node)}) commands=${quoted(nextWords(node))}; options=${quoted(options)} ;;`;
  });
  const values = allNodes(program).flatMap(({ options }) => options.filter(({ takesValue }) => takesValue));
  const files = [...new Set(values.filter(({ takesFile }) => takesFile).map(({ long }) => long))];
  const plain = [...new Set(values.map(({ long }) => long))].filter((long) => !files.includes(long));
  const choices = values.filter((option) => option.choices.length > 0);
  return `# Completion of holdfast for bash.
_holdfast() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} place= commands= options= at
  COMPREPLY=()
  case $before in
${choices.map(({ long, choices: list }) => `    ${long}) COMPREPLY=($(compgen -W ${quoted(list)} -- "$word")); return ;;`).join('\n')}
    ${files.join('|')}) compopt -o filenames; COMPREPLY=($(compgen -f -- "$word")); return ;;
    ${plain.join('|')}) return ;;
  esac
  for ((at = 1; at < COMP_CWORD; at++)); do
    case " $(_holdfast_commands "$place") " in
      *" \${COMP_WORDS[at]} "*) place="$place \${COMP_WORDS[at]}" ;;
    esac
  done
  case $place in
${cases.join('\n')}
  esac
  if [[ $word == -* ]]; then COMPREPLY=($(compgen -W "$options" -- "$word"))
  elif [[ -n $commands ]]; then COMPREPLY=($(compgen -W "$commands" -- "$word"))
  else compopt -o filenames; COMPREPLY=($(compgen -f -- "$word")); fi
}
_holdfast_commands() {
  case $1 in
${allNodes(program)
  .filter(({ children }) => children.length > 0)
  .map((node) => `    ${bashKey(node)}) echo ${quoted(childNames(node))} ;;`)
  .join('\n')}
  esac
}
complete -F _holdfast holdfast
`;
}

const bashKey = ({ words }: CommandNode): string => (words.length === 0 ? "''" : `' ${words.join(' ')}'`);
const childNames = ({ children }: CommandNode): string[] => children.map(({ words }) => words.at(-1) ?? '');
/** Words that may follow a command: its commands, or the values of its argument. */
const nextWords = (node: CommandNode): readonly string[] =>
  node.children.length > 0 ? childNames(node) : node.choices;
const quoted = (words: readonly string[]): string => `'${words.join(' ')}'`;

/** One function for each command group, and \`_arguments\` for the options. */
function zshScript(program: CommandNode): string {
  const functions = allNodes(program).map((node) => {
    const options = [
      ...node.options,
      ...(node === program ? [] : program.options.filter(({ long }) => long !== '--help')),
    ];
    const specs = options.map((option) => {
      const value =
        option.choices.length > 0
          ? `:value:(${option.choices.join(' ')})`
          : option.takesFile
            ? ':file:_files'
            : ':value:';
      return `'${option.long}[${zshText(option.description)}]${option.takesValue ? value : ''}'`;
    });
    const values = node.choices.length > 0 ? `'1:value:(${node.choices.join(' ')})'` : "'*:file:_files'";
    const rest = node.children.length > 0 ? ["'1: :->command'", "'*::argument:->argument'"] : [values];
    const list = node.children.map(({ words, description }) => `'${words.at(-1)}:${zshText(description)}'`);
    const inner = node.children.map(({ words }) => `        ${words.at(-1)}) ${zshName(words)} ;;`);
    const states =
      node.children.length === 0
        ? ''
        : `
  case $state in
    command)
      local -a commands=(${list.join(' ')})
      _describe command commands ;;
    argument)
      case $words[1] in
${inner.join('\n')}
      esac ;;
  esac`;
    return `${zshName(node.words)}() {
  local state
  _arguments -C ${[...specs, ...rest].join(' \\\n    ')}${states}
}`;
  });
  return `#compdef holdfast
# Completion of holdfast for zsh.
${functions.join('\n')}
if [ "$funcstack[1]" = "_holdfast" ]; then _holdfast "$@"; else compdef _holdfast holdfast; fi
`;
}

const zshName = (words: readonly string[]): string => ['_holdfast', ...words].join('_');
const zshText = (text: string): string => text.replaceAll(/[[\]:']/g, ' ');

function fishScript(program: CommandNode): string {
  const lines = allNodes(program).flatMap((node) => {
    const seen = node.words.map((word) => `__fish_seen_subcommand_from ${word}`);
    const children = childNames(node);
    const none = children.length === 0 ? [] : [`not __fish_seen_subcommand_from ${children.join(' ')}`];
    const where = [...seen, ...none].join('; and ');
    const condition = where === '' ? '' : ` -n '${where}'`;
    const commands = node.children.map(
      ({ words, description }) => `complete -c holdfast -f${condition} -a ${words.at(-1)} -d ${fishText(description)}`,
    );
    const values =
      node.choices.length === 0 ? [] : [`complete -c holdfast -f${condition} -a '${node.choices.join(' ')}'`];
    const inCommand = seen.length === 0 ? '' : ` -n '${seen.join('; and ')}'`;
    const options = node.options.map(({ long, description, takesValue, takesFile, choices }) => {
      const value = takesFile
        ? ' -r -F'
        : takesValue
          ? ` -x${choices.length > 0 ? ` -a '${choices.join(' ')}'` : ''}`
          : '';
      return `complete -c holdfast${inCommand} -l ${long.slice(2)}${value} -d ${fishText(description)}`;
    });
    return [...commands, ...values, ...options];
  });
  return `# Completion of holdfast for fish.\n${lines.join('\n')}\n`;
}

const fishText = (text: string): string => `'${text.replaceAll("'", "\\'")}'`;
