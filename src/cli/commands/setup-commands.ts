/** Commands for configuration, help, and processes in the foreground. */
import { Argument, type Command, Option } from 'commander';
import type { ApplyOptions } from '../apply-config.ts';
import type { BenchHubOptions } from '../bench-hub.ts';
import { duration } from '../duration.ts';
import { type Add, collect, wholeNumber } from './add-command.ts';

const TRIAL_ENDS = [
  ['confirm', 'Confirm the configuration that is on trial'],
  ['rollback', 'Return from the configuration on trial to the one before'],
] as const;

export function addConfig(add: Add, program: Command): void {
  const config = program.command('config').description('Commands for the configuration file');
  add(
    'check [file]',
    'Check a configuration file and list all problems',
    async ({ context, words }) =>
      (await import('../config-check.ts')).checkConfig(context, words[0] ?? context.configPath),
    config,
  );
  add(
    'diff',
    'Show what differs between the running gateway and its file, and what restarts',
    async ({ context }) => (await import('../config-diff.ts')).showDiff(context),
    config,
  );
  add<ApplyOptions>(
    'apply',
    'Apply the file to the running gateway; unchanged links and sessions continue',
    async ({ context, options }) => (await import('../apply-config.ts')).applyConfig(context, options),
    config,
  )
    .addOption(
      new Option('--confirm [duration]', 'roll back unless config confirm comes in this time (60s if none is given)')
        .argParser(duration(1000, 86_400_000))
        .preset('60s'),
    )
    .option('--restart', 'also if a change needs a restart of the gateway');
  for (const [verb, description] of TRIAL_ENDS)
    add(verb, description, async ({ context }) => (await import('../apply-config.ts')).endTrial(context, verb), config);
  add(
    'explain <key>',
    'Explain a configuration key: range, default, meaning, present values',
    async ({ context, words }) => (await import('../config-explain.ts')).explainKey(context, words[0] ?? ''),
    config,
  );
  add(
    'schema',
    'Print the JSON Schema of the configuration file, for editors',
    async ({ context }) => (await import('../print-schema.ts')).printSchema(context),
    config,
  );
  add(
    'reference',
    'Print every configuration key with type, default and meaning',
    async ({ context }) => (await import('../config-reference.ts')).showReference(context),
    config,
  );
}

export function addRunning(add: Add): void {
  add('run', 'Run the gateway in the foreground (as the service does)', async ({ context }) =>
    (await import('../run.ts')).run(context),
  );
  add<{ seconds: number; seed: number }>(
    'demo',
    'Run a demonstration on this machine: hub, gateway, subdevices, outages',
    async ({ context, options }) => (await import('../show-demo.ts')).showDemo(context, options),
  )
    .option('--seconds <count>', 'duration of the demonstration', wholeNumber(1, 86_400), 30)
    .option('--seed <number>', 'random seed', wholeNumber(0, 4_294_967_295), 1);
  add<BenchHubOptions>('bench-hub', 'Run an emulation of the hub for tests', async ({ context, options }) =>
    (await import('../bench-hub.ts')).startBench(context, options),
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

export function addHelp(add: Add, program: Command): void {
  add('completion', 'Print the completion of a shell: bash, zsh or fish', async ({ context, words }) =>
    (await import('../help/print-help.ts')).printCompletion(context, program, words[0] ?? ''),
  ).addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(['bash', 'zsh', 'fish']));
  add('manual', 'Print the manual page', async ({ context }) =>
    (await import('../help/print-help.ts')).printManual(context, program),
  );
}
