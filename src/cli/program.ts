/**
 * The command line. Commands are imported when they are called, so that `holdfast status` loads neither the store nor
 * the schema of the configuration.
 */
import { Command, CommanderError, Option } from 'commander';
import { EXIT, Fault } from '../base/fault.ts';
import { DEFAULT_CONFIG_PATH } from '../config/default-places.ts';
import type { CommandAction } from './commands/add-command.ts';
import { addCommands } from './commands/commands.ts';
import { addressing } from './config-words.ts';
import type { CommandContext } from './context.ts';
import { EXAMPLES, FIRST_COMMANDS } from './help/examples.ts';
import { openTerminal } from './terminal.ts';
import { VERSION } from './version.ts';

/** Code of the error that ends the parsing at `--version`. */
const VERSION_WANTED = 'holdfast.version';

/** @returns the exit code; @throws Fault `usage` for an invalid command line */
export async function runCommandLine(words: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = buildProgram(words, (code) => {
    exitCode = code;
  });
  if (words.length === 0) {
    for (const line of overviewLines()) openTerminal(process.stdout, process.env).print(line);
    return EXIT.usage;
  }
  try {
    await program.parseAsync([...words], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === VERSION_WANTED) {
      const { showVersion } = await import('./show-version.ts');
      return await showVersion(words.includes('--json'));
    }
    // The library throws an error with code 0 after it has printed the help.
    if (error.exitCode === 0) return EXIT.ok;
    const what = error.message.replace(/^error: /, '');
    throw new Fault('usage', what === '(outputHelp)' ? 'No command was given' : what, {
      hint: helpHint(program, words),
      cause: error,
    });
  }
}

/** Returns a hint at the help of the command in `words` with its groups, otherwise at the help of the program. */
function helpHint(program: Command, words: readonly string[]): string {
  let meant = program;
  const names: string[] = [];
  for (const word of words) {
    const next = meant.commands.find((command) => command.name() === word);
    if (next === undefined) continue;
    meant = next;
    names.push(word);
  }
  if (names.length === 0) return 'holdfast --help lists the commands.';
  const what = meant.commands.length > 0 ? 'its commands' : 'its arguments and options';
  return `holdfast ${names.join(' ')} --help lists ${what}.`;
}

/** Screen of `holdfast` without a command. */
function overviewLines(): string[] {
  const width = Math.max(...FIRST_COMMANDS.map(([command]) => command.length));
  return [
    `holdfast ${VERSION}: gateway from serial subdevices to an MQTT hub`,
    '',
    ...FIRST_COMMANDS.map(([command, purpose]) => `  ${command.padEnd(width)}  ${purpose}`),
    '',
    'All commands: holdfast --help. A command with examples: holdfast COMMAND --help',
  ];
}

const EXIT_CODES = `
Exit codes: 0 success; 1 rejected, or the ledger does not balance; 64 usage
error; 69 no gateway answers; 70 defect of holdfast; 74 storage failed;
76 not a gateway of this version; 77 no permission; 78 invalid configuration`;

/** @param finish called with the exit code of the command */
export function buildProgram(words: readonly string[], finish: (exitCode: number) => void): Command {
  const program = new Command('holdfast')
    .description('Gateway from serial subdevices to an MQTT hub. Loses no acknowledged message.')
    .option('-V, --version', 'print the version, the commit, and the versions of Node and SQLite')
    .on('option:version', () => {
      throw new CommanderError(EXIT.ok, VERSION_WANTED, '');
    })
    .option('--json', 'print JSON, also for errors')
    .addOption(new Option('--config <file>', 'configuration file').env('HOLDFAST_CONFIG').default(DEFAULT_CONFIG_PATH))
    .option('--socket <path>', 'control socket of the gateway (default: from the configuration)')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', EXIT_CODES)
    // Errors are printed once, by `main.ts`.
    .configureOutput({
      outputError: () => undefined,
      ...(words.includes('--json') ? { writeErr: () => undefined } : {}),
    })
    .showHelpAfterError(false)
    .exitOverride();
  const add = <Options>(usage: string, description: string, act: CommandAction<Options>, parent: Command = program) =>
    parent
      .command(usage)
      .description(description)
      .action(async (...inputs: unknown[]) => {
        const command = inputs.at(-1) as Command;
        const context = contextOf(program);
        const call = { context, options: command.opts() as Options, words: command.args };
        finish(await act(call).catch((error: unknown) => Promise.reject(withAddress(error, context))));
      });
  addCommands(add, program);
  addExamples(program, []);
  return program;
}

function addExamples(command: Command, words: readonly string[]): void {
  const examples = EXAMPLES[words.join(' ')];
  if (examples !== undefined)
    command.addHelpText('after', `\n${examples.length === 1 ? 'Example' : 'Examples'}:\n  ${examples.join('\n  ')}`);
  for (const child of command.commands) addExamples(child, [...words, child.name()]);
}

function contextOf(program: Command): CommandContext {
  const { json, config, socket } = program.opts<{ json?: true; config: string; socket?: string }>();
  const address = { configPath: config, socketPath: socket };
  const addressed = addressing(
    address,
    program.commands.map((command) => command.name()),
  );
  return { terminal: openTerminal(process.stdout, process.env, addressed), asJson: json ?? false, ...address };
}

/** The same fault with a hint whose commands address the same gateway. */
function withAddress(error: unknown, { terminal }: CommandContext): unknown {
  if (!(error instanceof Fault) || terminal.addressed === undefined) return error;
  const { code, message, retryable, cause } = error;
  return new Fault(code, message, { hint: terminal.addressed(error.hint), retryable, cause });
}
