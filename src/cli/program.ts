/**
 * The command line: which commands there are, and nothing of what they do. Each is imported when it is called, so that
 * `holdfast status` loads neither the store nor the schema of the configuration.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { EXIT, Fault } from '../base/fault.ts';
import { DEFAULT_CONFIG_PATH } from '../config/places.ts';
import type { BenchHubOptions } from './bench-hub.ts';
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
      hint: 'holdfast --help lists the commands.',
      cause: error,
    });
  }
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
  const add = <Options>(usage: string, description: string, act: Act<Options>, parent: Command = program) =>
    parent
      .command(usage)
      .description(description)
      .action(async (...inputs: unknown[]) => {
        const command = inputs.at(-1) as Command;
        finish(await act({ context: contextOf(program), options: command.opts() as Options, words: command.args }));
      });
  addLookingIn(add);
  addLinks(add, program);
  addDeadLetters(add, program);
  addHub(add, program);
  addConfig(add, program);
  addRunning(add);
  return program;
}

/** What a command is called with: the general options, its own options, its arguments. */
interface Call<Options> {
  readonly context: CommandContext;
  readonly options: Options;
  readonly words: readonly string[];
}

type Act<Options> = (call: Call<Options>) => Promise<number>;
type Add = <Options>(usage: string, description: string, act: Act<Options>, parent?: Command) => Command;

function contextOf(program: Command): CommandContext {
  const { json, config, socket } = program.opts<{ json?: true; config: string; socket?: string }>();
  return {
    terminal: openTerminal(process.stdout, process.env),
    asJson: json ?? false,
    configPath: config,
    socketPath: socket,
  };
}

function addLookingIn(add: Add): void {
  add('status', 'is it losing data? and how are things', async ({ context }) =>
    (await import('./status.ts')).showStatus(context),
  );
  add('ledger', 'the books: accepted = delivered + pending + shed + dead + damaged', async ({ context }) =>
    (await import('./ledger.ts')).showLedger(context),
  );
  add('subdevices', 'who is there, and what waits for whom', async ({ context }) =>
    (await import('./subdevices.ts')).showSubdevices(context),
  );
  add('outbox', 'what is owed to the hub, and when it will be gone', async ({ context }) =>
    (await import('./outbox.ts')).showOutbox(context),
  );
  add('acknowledge-gap', 'the downlinks that may have been missing were seen to', async ({ context }) =>
    (await import('./acknowledge-gap.ts')).acknowledgeGap(context),
  );
  add('tail', 'what happens, as it happens', async ({ context }) => (await import('./tail.ts')).showTail(context));
}

function addLinks(add: Add, program: Command): void {
  add('ports', 'serial ports that are plugged in, and what to call them', async ({ context }) =>
    (await import('./ports.ts')).showPorts(context),
  );
  add('links', 'the lines: rates, errors, round trips', async ({ context }) =>
    (await import('./links.ts')).showLinks(context),
  );
  const link = program.command('link').description('one line');
  add<{ seconds: number }>(
    'test <name>',
    'watch it for a while, and say how good it is',
    async ({ context, options, words }) =>
      (await import('./link-test.ts')).testLink(context, words[0] ?? '', options.seconds),
    link,
  ).option('--seconds <count>', 'for how long', wholeNumber(1, 3600), 10);
}

interface Which {
  readonly all?: true;
}

function addDeadLetters(add: Add, program: Command): void {
  const letters = program.command('dead-letters').description('messages the hub never acknowledged, given up and kept');
  add<{ after: number; limit: number }>(
    'list',
    'list them, the oldest first',
    async ({ context, options }) => (await import('./dead-letters.ts')).listDeadLetters(context, options),
    letters,
  )
    .option('--after <number>', 'those behind this one', wholeNumber(0, 9_999_999_999), 0)
    .option('--limit <count>', 'how many', wholeNumber(1, 1000), 50);
  add(
    'show <number>',
    'one of them, with its payload',
    async ({ context, words }) => (await import('./dead-letters.ts')).showDeadLetter(context, words[0] ?? ''),
    letters,
  );
  const orders = [
    ['retry', 'put them back into the outbox, as new messages'],
    ['drop', 'drop them for good; the ledger counts them as dropped by hand'],
  ] as const;
  for (const [verb, description] of orders)
    add<Which>(
      `${verb} [numbers...]`,
      description,
      async ({ context, options, words }) =>
        (await import('./dead-letter-orders.ts')).orderDeadLetters(context, verb, options.all ? 'all' : words),
      letters,
    ).option('--all', 'every one there is');
}

function addHub(add: Add, program: Command): void {
  const hub = program.command('hub').description('what the hub knows of this gateway’s subdevices');
  for (const verb of ['bind', 'unbind'] as const) {
    add(
      `${verb} <ids...>`,
      verb === 'bind' ? 'have the hub let this gateway speak for subdevices' : 'take that back',
      async ({ context, words }) => (await import('./hub.ts')).changeBindings(context, verb, words),
      hub,
    );
  }
  add(
    'describe',
    'which subdevices the hub has bound, against those configured',
    async ({ context }) => (await import('./hub.ts')).describeBindings(context),
    hub,
  );
}

function addConfig(add: Add, program: Command): void {
  const config = program.command('config').description('the configuration file');
  add(
    'check [file]',
    'say everything that is wrong with the file',
    async ({ context, words }) =>
      (await import('./config-check.ts')).checkConfig(context, words[0] ?? context.configPath),
    config,
  );
  add(
    'reference',
    'list every key with its type, default and meaning',
    async ({ context }) => (await import('./config-reference.ts')).showReference(context),
    config,
  );
}

function addRunning(add: Add): void {
  add('run', 'run the gateway (what the service does)', async ({ context }) =>
    (await import('../daemon.ts')).runGateway({ configPath: context.configPath, version: VERSION }),
  );
  add<{ seconds: number; seed: number }>(
    'demo',
    'a hub, a gateway and subdevices on this machine, and what they survive',
    async ({ context, options }) => (await import('../bench/demo.ts')).runDemo({ ...options, json: context.asJson }),
  )
    .option('--seconds <count>', 'how long', wholeNumber(1, 86_400), 30)
    .option('--seed <number>', 'which run of the dice', wholeNumber(0, 4_294_967_295), 1);
  add<BenchHubOptions>('bench-hub', 'an emulation of the hub, to try things against', async ({ context, options }) =>
    (await import('./bench-hub.ts')).startBench(context, options),
  )
    .option('--port <number>', 'MQTT port', wholeNumber(0, 65_535), 1883)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option(
      '--application-port <number>',
      'HTTP port of the application side (0: any free one, told at the start)',
      wholeNumber(0, 65_535),
      0,
    )
    .option('--tls-port <number>', 'MQTT port with TLS, beside the other (0: any free one)', wholeNumber(0, 65_535))
    .option('--tls-folder <path>', 'where the certificates it makes go: ca.pem is tls_ca_file', 'bench-tls')
    .option('--tls-client <client-id>', 'make a client certificate too: client.pem, client-key.pem')
    .addOption(
      new Option('--profile <name>', 'whose rules')
        .choices(['documented', 'mainland', 'intl', 'generic'])
        .default('documented'),
    )
    .option('--set <name=value>', 'another value of one of its rules, JSON or text; may be repeated', gather, [])
    .option('--list-rules', 'print its rules, their values in the profile and their meaning, and end');
}

function gather(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}
