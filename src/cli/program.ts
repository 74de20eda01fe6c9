/**
 * The command line: which commands there are, and nothing of what they do. Each is imported when it is called, so that
 * `holdfast status` loads neither the store nor the schema of the configuration.
 */
import { Command, CommanderError, Option } from 'commander';
import { EXIT, Fault } from '../base/fault.ts';
import { DEFAULT_CONFIG_PATH } from '../config/default-places.ts';
import { addCommands, type CommandAction } from './commands.ts';
import type { CommandContext } from './context.ts';
import { openTerminal } from './terminal.ts';
import { VERSION } from './version.ts';

/** @returns the exit code; @throws Fault, `usage` for a command line that makes no sense */
export async function runCommandLine(words: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = buildProgram(words, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...words], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version come as errors with code 0.
    if (error.exitCode === 0) return EXIT.ok;
    const what = error.message.replace(/^error: /, '');
    throw new Fault('usage', what === '(outputHelp)' ? 'No command was given' : what, {
      hint: helpHint(program, words),
      cause: error,
    });
  }
}

/** Names the help of the command that was meant, as far as the words name one. */
function helpHint(program: Command, words: readonly string[]): string {
  const meant = program.commands.find((command) => words.includes(command.name()));
  if (meant === undefined) return 'holdfast --help lists the commands.';
  const what = meant.commands.length > 0 ? 'its commands' : 'its arguments and options';
  return `holdfast ${meant.name()} --help lists ${what}.`;
}

function buildProgram(words: readonly string[], finish: (exitCode: number) => void): Command {
  const program = new Command('holdfast')
    .description('A gateway that loses nothing: serial subdevices to an MQTT hub.')
    .version(VERSION)
    .option('--json', 'print JSON, errors too')
    .addOption(new Option('--config <file>', 'configuration file').env('HOLDFAST_CONFIG').default(DEFAULT_CONFIG_PATH))
    .option('--socket <path>', 'control socket of the gateway (default: what the configuration says)')
    .configureHelp({ showGlobalOptions: true })
    // Errors are told once, by whoever owns the exit code.
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
        finish(await act({ context: contextOf(program), options: command.opts() as Options, words: command.args }));
      });
  addCommands(add, program);
  return program;
}

function contextOf(program: Command): CommandContext {
  const { json, config, socket } = program.opts<{ json?: true; config: string; socket?: string }>();
  return {
    terminal: openTerminal(process.stdout, process.env),
    asJson: json ?? false,
    configPath: config,
    socketPath: socket,
  };
}
