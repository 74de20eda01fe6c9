/** The commands, group by group, each with its words and its options. What they do is in files of their own. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { BenchHubOptions } from './bench-hub.ts';
import type { CommandContext } from './context.ts';
import type { LinkTestOptions } from './link-test.ts';
import type { RecordOptions } from './record.ts';
import type { StatusOptions } from './show-status.ts';
import { VERSION } from './version.ts';

/** What a command is called with: the general options, its own options, its arguments. */
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
  addLookingIn(add);
  addConditions(add);
  addLinks(add, program);
  addDeadLetters(add, program);
  addRecorder(add);
  addHub(add, program);
  addConfig(add, program);
  addRunning(add);
}

function addLookingIn(add: Add): void {
  add<StatusOptions>('status', 'is it losing data? and how are things', async ({ context, options }) =>
    (await import('./show-status.ts')).showStatus(context, options),
  )
    .option('--check', 'print one line; exit 0 if no data is being lost, 1 at risk, 2 if it is, 3 if nobody can tell')
    .option('--all', 'show every condition in full, also beyond 24 lines');
  add('ledger', 'the books: accepted = delivered + pending + shed + dead + damaged', async ({ context }) =>
    (await import('./show-ledger.ts')).showLedger(context),
  );
  const subdevices = add('subdevices', 'who is there, and what waits for whom', async ({ context }) =>
    (await import('./show-subdevices.ts')).showSubdevices(context),
  );
  add(
    'forget <id>',
    'End the session of a subdevice that is not in the configuration, and discard its downlinks',
    async ({ context, words }) => (await import('./forget-subdevice.ts')).forgetSubdevice(context, words[0] ?? ''),
    subdevices,
  );
  add('outbox', 'what is owed to the hub, and when it will be gone', async ({ context }) =>
    (await import('./show-outbox.ts')).showOutbox(context),
  );
  add('acknowledge-gap', 'the downlinks that may have been missing were seen to', async ({ context }) =>
    (await import('./acknowledge-gap.ts')).acknowledgeGap(context),
  );
  add('acknowledge-loss', 'Mark messages that the store lost as handled', async ({ context }) =>
    (await import('./acknowledge-loss.ts')).acknowledgeLoss(context),
  );
  add('trace <name>', 'the frames of a link, or of the hub, as they pass', async ({ context, words }) =>
    (await import('./trace.ts')).showTrace(context, words[0] ?? ''),
  );
  add('tail', 'what happens, as it happens', async ({ context }) => (await import('./tail.ts')).showTail(context));
}

function addConditions(add: Add): void {
  const conditions = add('conditions', 'List everything that is not as it should be, in full', async ({ context }) =>
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
    'Print the page about all conditions',
    async ({ context }) => (await import('./show-conditions.ts')).showConditionsPage(context),
    conditions,
  );
}

function addLinks(add: Add, program: Command): void {
  add('ports', 'serial ports that are plugged in, and what to call them', async ({ context }) =>
    (await import('./show-ports.ts')).showPorts(context),
  );
  add('links', 'the lines: rates, errors, round trips', async ({ context }) =>
    (await import('./show-links.ts')).showLinks(context),
  );
  const link = program.command('link').description('one line');
  add<LinkTestOptions>(
    'test <name>',
    'watch it for a while, ask whoever is on it, and say how good it is',
    async ({ context, options, words }) => (await import('./link-test.ts')).testLink(context, words[0] ?? '', options),
    link,
  )
    .option('--seconds <count>', 'for how long', wholeNumber(1, 3600), 10)
    .option('--probes <count>', 'questions to each subdevice; 0 = only watch', wholeNumber(0, 1000), 20);
}

interface Which {
  readonly all?: true;
}

function addDeadLetters(add: Add, program: Command): void {
  const letters = program.command('dead-letters').description('messages the hub never acknowledged, given up and kept');
  add<{ after: number; limit: number }>(
    'list',
    'list them, the oldest first',
    async ({ context, options }) => (await import('./show-dead-letters.ts')).listDeadLetters(context, options),
    letters,
  )
    .option('--after <number>', 'those behind this one', wholeNumber(0, 9_999_999_999), 0)
    .option('--limit <count>', 'how many', wholeNumber(1, 1000), 50);
  add(
    'show <number>',
    'one of them, with its payload',
    async ({ context, words }) => (await import('./show-dead-letters.ts')).showDeadLetter(context, words[0] ?? ''),
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

function addRecorder(add: Add): void {
  add<RecordOptions>(
    'record [name]',
    'write down what was last on a link, on the hub’s connection (hub), or on all of them',
    async ({ context, options, words }) => (await import('./record.ts')).record(context, words[0], options),
  )
    .option('--out <file>', 'also copy it to here (one name only)')
    .option('--pcapng', 'also as a capture for Wireshark, beside it');
  add<{ pcapng: string }>('export <file>', 'turn a recording into a capture', async ({ context, options, words }) =>
    (await import('./export.ts')).exportRecording(context, words[0] ?? '', options.pcapng),
  ).requiredOption('--pcapng <out>', 'the file to write, for Wireshark');
  add(
    'replay <file>',
    'run a recording through the real machine: does it decide the same?',
    async ({ context, words }) => (await import('./replay.ts')).replay(context, words[0] ?? ''),
  );
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
  const subscriptions = add(
    'subscriptions',
    'List the filters at the hub with their state, and packets that the hub closes the connection on',
    async ({ context }) => (await import('./hub-subscriptions.ts')).showHubSubscriptions(context),
    hub,
  );
  add(
    'release <names...>',
    'Send packets again that are set aside, by filter or topic',
    async ({ context, words }) => (await import('./hub-subscriptions.ts')).releasePackets(context, words),
    subscriptions,
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
    async ({ context, options }) => (await import('./show-demo.ts')).showDemo(context, options),
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
