/** Commands by group, with descriptions and options. Each command is implemented in a file of its own. */
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import type { BenchHubOptions } from './bench-hub.ts';
import type { CommandContext } from './context.ts';
import type { LinkTestOptions } from './link-test.ts';
import type { BundleOptions } from './make-bundle.ts';
import type { RecordOptions } from './record.ts';
import type { DoctorOptions } from './show-doctor.ts';
import type { StatusOptions } from './show-status.ts';

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

export function addCommands(add: Add, program: Command): void {
  addHealth(add);
  addConditions(add);
  addLinks(add, program);
  addDeadLetters(add, program);
  addRecorder(add);
  addHub(add, program);
  addConfig(add, program);
  addRunning(add);
  addHelp(add, program);
}

function addHealth(add: Add): void {
  add<StatusOptions>('status', 'Show gateway health: is any data being lost?', async ({ context, options }) =>
    (await import('./show-status.ts')).showStatus(context, options),
  )
    .option('--watch', 'show the status again every 2 s, until q or Ctrl-C')
    .option(
      '--check',
      'print one line; exit code: 0 no data is being lost, 1 at risk, 2 data is being lost, 3 unknown',
    );
  add<DoctorOptions>(
    'doctor',
    'Examine the gateway and its machine, and show what to do',
    async ({ context, options }) => (await import('./show-doctor.ts')).showDoctor(context, options),
  ).option('--connect', 'also try CONNECT with the identity of the gateway, if no gateway runs');
  add<BundleOptions>(
    'bundle',
    'Write an archive for support, without secrets and payloads',
    async ({ context, options }) => (await import('./make-bundle.ts')).makeBundle(context, options),
  ).option('--out <file>', 'archive to write (default: holdfast-support-TIME.zip in this folder)');
  add('top', 'Show live rates of links and subdevices, the backlog and the conditions', async ({ context }) =>
    (await import('./top/show-top.ts')).showTop(context),
  );
  add('ledger', 'Show the ledger: accepted = delivered + pending + shed + dead + damaged', async ({ context }) =>
    (await import('./show-ledger.ts')).showLedger(context),
  );
  const subdevices = add(
    'subdevices',
    'List subdevices, their state and the messages waiting for each',
    async ({ context }) => (await import('./show-subdevices.ts')).showSubdevices(context),
  );
  add(
    'forget <id>',
    'End the session of a subdevice that is not in the configuration, and discard its downlinks',
    async ({ context, words }) => (await import('./forget-subdevice.ts')).forgetSubdevice(context, words[0] ?? ''),
    subdevices,
  );
  add('outbox', 'Show uplinks waiting for the hub and the time to drain them', async ({ context }) =>
    (await import('./show-outbox.ts')).showOutbox(context),
  );
  add('acknowledge-gap', 'Mark possibly missed downlinks as handled', async ({ context }) =>
    (await import('./acknowledge-gap.ts')).acknowledgeGap(context),
  );
  add('acknowledge-loss', 'Mark messages lost by the store as handled', async ({ context }) =>
    (await import('./acknowledge-loss.ts')).acknowledgeLoss(context),
  );
  add(
    'trace <name>',
    'Follow the decoded frames of a link, or of the hub connection (hub)',
    async ({ context, words }) => (await import('./trace.ts')).showTrace(context, words[0] ?? ''),
  );
  add('tail', 'Print events as they happen', async ({ context }) => (await import('./tail.ts')).showTail(context));
}

function addConditions(add: Add): void {
  const conditions = add('conditions', 'List all present conditions (problems) in full', async ({ context }) =>
    (await import('./show-conditions.ts')).showConditions(context),
  );
  add(
    'explain <code>',
    'Explain a condition: meaning, effect on data, remedy, configuration keys',
    async ({ context, words }) => (await import('./show-conditions.ts')).explainCondition(context, words[0] ?? ''),
    conditions,
  );
  add(
    'reference',
    'Print all condition codes with meaning, effect and remedy (Markdown)',
    async ({ context }) => (await import('./show-conditions.ts')).showConditionsPage(context),
    conditions,
  );
}

function addLinks(add: Add, program: Command): void {
  add('ports', 'List serial ports and their stable names', async ({ context }) =>
    (await import('./show-ports.ts')).showPorts(context),
  );
  add('links', 'Show links: rates, errors, round trips', async ({ context }) =>
    (await import('./show-links.ts')).showLinks(context),
  );
  const link = program.command('link').description('Commands for one link');
  add<LinkTestOptions>(
    'test <name>',
    'Test a link: count frames, probe its subdevices, rate the quality',
    async ({ context, options, words }) => (await import('./link-test.ts')).testLink(context, words[0] ?? '', options),
    link,
  )
    .option('--seconds <count>', 'duration of the test', wholeNumber(1, 3600), 10)
    .option('--probes <count>', 'probes per subdevice; 0 = count frames only', wholeNumber(0, 1000), 20);
}

interface LetterChoice {
  readonly all?: true;
}

function addDeadLetters(add: Add, program: Command): void {
  const letters = program
    .command('dead-letters')
    .description('Commands for messages abandoned after repeated failures');
  add<{ after: number; limit: number }>(
    'list',
    'List dead letters, the oldest first',
    async ({ context, options }) => (await import('./show-dead-letters.ts')).listDeadLetters(context, options),
    letters,
  )
    .option('--after <number>', 'start after this number', wholeNumber(0, 9_999_999_999), 0)
    .option('--limit <count>', 'maximum number of dead letters', wholeNumber(1, 1000), 50);
  add(
    'show <number>',
    'Show one dead letter with its payload',
    async ({ context, words }) => (await import('./show-dead-letters.ts')).showDeadLetter(context, words[0] ?? ''),
    letters,
  );
  const changes = [
    ['retry', 'Put dead letters back into the outbox, as new messages'],
    ['drop', 'Delete dead letters; the ledger counts them as dropped by hand'],
  ] as const;
  for (const [verb, description] of changes)
    add<LetterChoice>(
      `${verb} [numbers...]`,
      description,
      async ({ context, options, words }) =>
        (await import('./change-dead-letters.ts')).changeDeadLetters(context, verb, options.all ? 'all' : words),
      letters,
    ).option('--all', 'all dead letters');
}

function addRecorder(add: Add): void {
  add<RecordOptions>(
    'record [name]',
    'Write the recent traffic of a link, of the hub connection (hub), or of all, to files',
    async ({ context, options, words }) => (await import('./record.ts')).record(context, words[0], options),
  )
    .option('--out <file>', 'also copy the recording to this file (with one name only)')
    .option('--pcapng', 'also write a capture for Wireshark beside it');
  add<{ pcapng: string }>(
    'export <file>',
    'Convert a recording into a capture for Wireshark',
    async ({ context, options, words }) =>
      (await import('./export.ts')).exportRecording(context, words[0] ?? '', options.pcapng),
  ).requiredOption('--pcapng <out>', 'capture file to write');
  add(
    'replay <file>',
    'Replay a recording through the protocol code and compare its decisions',
    async ({ context, words }) => (await import('./replay.ts')).replay(context, words[0] ?? ''),
  );
}

function addHub(add: Add, program: Command): void {
  const hub = program.command('hub').description('Commands for bindings and subscriptions at the hub');
  for (const verb of ['bind', 'unbind'] as const) {
    add(
      `${verb} <ids...>`,
      verb === 'bind' ? 'Bind subdevices to this gateway at the hub' : 'Unbind subdevices from this gateway at the hub',
      async ({ context, words }) => (await import('./hub.ts')).changeBindings(context, verb, words),
      hub,
    );
  }
  add(
    'describe',
    'Compare the subdevices bound at the hub with the configured ones',
    async ({ context }) => (await import('./hub.ts')).describeBindings(context),
    hub,
  );
  const subscriptions = add(
    'subscriptions',
    'List subscriptions at the hub, and packets on which the hub closes the connection',
    async ({ context }) => (await import('./hub-subscriptions.ts')).showHubSubscriptions(context),
    hub,
  );
  add(
    'release <names...>',
    'Send set-aside packets again, by filter or topic',
    async ({ context, words }) => (await import('./hub-subscriptions.ts')).releasePackets(context, words),
    subscriptions,
  );
}

function addConfig(add: Add, program: Command): void {
  const config = program.command('config').description('Commands for the configuration file');
  add(
    'check [file]',
    'Check a configuration file and list all problems',
    async ({ context, words }) =>
      (await import('./config-check.ts')).checkConfig(context, words[0] ?? context.configPath),
    config,
  );
  add(
    'reference',
    'Print every configuration key with type, default and meaning',
    async ({ context }) => (await import('./config-reference.ts')).showReference(context),
    config,
  );
}

function addRunning(add: Add): void {
  add('run', 'Run the gateway in the foreground (as the service does)', async ({ context }) =>
    (await import('./run.ts')).run(context),
  );
  add<{ seconds: number; seed: number }>(
    'demo',
    'Run a demonstration on this machine: hub, gateway, subdevices, outages',
    async ({ context, options }) => (await import('./show-demo.ts')).showDemo(context, options),
  )
    .option('--seconds <count>', 'duration of the demonstration', wholeNumber(1, 86_400), 30)
    .option('--seed <number>', 'random seed', wholeNumber(0, 4_294_967_295), 1);
  add<BenchHubOptions>('bench-hub', 'Run an emulation of the hub for tests', async ({ context, options }) =>
    (await import('./bench-hub.ts')).startBench(context, options),
  )
    .option('--port <number>', 'MQTT port', wholeNumber(0, 65_535), 1883)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option(
      '--application-port <number>',
      'HTTP port of the application side (0 = any free port, printed at the start)',
      wholeNumber(0, 65_535),
      0,
    )
    .option('--tls-port <number>', 'additional MQTT port with TLS (0 = any free port)', wholeNumber(0, 65_535))
    .option('--tls-folder <path>', 'folder for the generated certificates; use ca.pem as tls_ca_file', 'bench-tls')
    .option('--tls-client <client-id>', 'also generate a client certificate: client.pem, client-key.pem')
    .addOption(
      new Option('--profile <name>', 'hub whose rules apply')
        .choices(['documented', 'mainland', 'intl', 'generic'])
        .default('documented'),
    )
    .option('--set <name=value>', 'change one rule, value as JSON or text; may be repeated', collect, [])
    .option('--list-rules', 'print the rules with their values in the profile and exit');
}

function addHelp(add: Add, program: Command): void {
  add('completion', 'Print the completion of a shell: bash, zsh or fish', async ({ context, words }) =>
    (await import('./help/print-help.ts')).printCompletion(context, program, words[0] ?? ''),
  ).addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(['bash', 'zsh', 'fish']));
  add('manual', 'Print the manual page', async ({ context }) =>
    (await import('./help/print-help.ts')).printManual(context, program),
  );
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new InvalidArgumentError(`Allowed: a whole number from ${min} to ${max}.`);
  };
}
