/** Commands that show the health of the gateway, its conditions and events. */
import { Option } from 'commander';
import { OUTAGE_MS_DEFAULT, OUTAGE_MS_MAX } from '../../ops/forecast/outage.ts';
import { duration } from '../duration.ts';
import type { BundleOptions } from '../make-bundle.ts';
import type { ReportOptions } from '../make-report.ts';
import { moment } from '../moment.ts';
import type { DoctorOptions } from '../show-doctor.ts';
import type { ForecastOptions } from '../show-forecast.ts';
import type { StatusOptions } from '../show-status.ts';
import type { TailOptions } from '../tail.ts';
import { type Add, collect, wholeNumber } from './add-command.ts';
import { SINCE } from './history-commands.ts';

export function addHealth(add: Add): void {
  add<StatusOptions>('status', 'Show gateway health: is any data being lost?', async ({ context, options }) =>
    (await import('../show-status.ts')).showStatus(context, options),
  )
    .option('--full', 'show everything, also if it needs more than one screen')
    .option('--watch', 'show the status again every 2 s, until q or Ctrl-C')
    .option(
      '--check',
      'print one line; exit code: 0 no data is being lost, 1 at risk, 2 data is being lost, 3 unknown',
    );
  add<DoctorOptions>(
    'doctor',
    'Examine the gateway and its machine, and show what to do',
    async ({ context, options }) => (await import('../show-doctor.ts')).showDoctor(context, options),
  )
    .option('--connect', 'also try CONNECT with the identity of the gateway, if no gateway runs')
    .option('--permissions', 'also subscribe and send an empty message on each configured topic, if no gateway runs');
  add<BundleOptions>(
    'bundle',
    'Write an archive for support, without secrets and payloads',
    async ({ context, options }) => (await import('../make-bundle.ts')).makeBundle(context, options),
  ).option('--out <file>', 'archive to write (default: holdfast-support-TIME.zip in this folder)');
  add(
    'explain <name>',
    'Explain why a message, a subdevice, a link or the hub waits, and when it goes on',
    async ({ context, words }) => (await import('../show-explain.ts')).showExplain(context, words[0] ?? ''),
  );
  add<ReportOptions>(
    'report',
    'Write one page for a browser: verdict, charts, links, events, without secrets and payloads',
    async ({ context, options }) => (await import('../make-report.ts')).makeReport(context, options),
  ).requiredOption('--html <file>', 'page to write');
  add<ForecastOptions>(
    'forecast',
    'Forecast an outage of the hub: does it fit, what is full first, and how long does the drain take?',
    async ({ context, options }) => (await import('../show-forecast.ts')).showForecast(context, options),
  ).addOption(
    new Option('--outage <duration>', 'length of the outage, e.g. 12h or 3d')
      .argParser(duration(60_000, OUTAGE_MS_MAX))
      .default(OUTAGE_MS_DEFAULT, '72h'),
  );
  add('top', 'Show live rates of links and subdevices, the backlog and the conditions', async ({ context }) =>
    (await import('../top/show-top.ts')).showTop(context),
  );
  add('ledger', 'Show the ledger: accepted = delivered + pending + shed + dead + damaged', async ({ context }) =>
    (await import('../show-ledger.ts')).showLedger(context),
  );
  const subdevices = add(
    'subdevices',
    'List subdevices, their state and the messages waiting for each',
    async ({ context }) => (await import('../show-subdevices.ts')).showSubdevices(context),
  );
  add(
    'forget <id>',
    'End the session of a subdevice that is not in the configuration, and discard its downlinks',
    async ({ context, words }) => (await import('../forget-subdevice.ts')).forgetSubdevice(context, words[0] ?? ''),
    subdevices,
  );
  add('acknowledge-gap', 'Mark possibly missed downlinks as handled', async ({ context }) =>
    (await import('../acknowledge-gap.ts')).acknowledgeGap(context),
  );
  add(
    'acknowledge-loss',
    'Mark messages lost by the store, or possibly lost by a hang, as handled',
    async ({ context }) => (await import('../acknowledge-loss.ts')).acknowledgeLoss(context),
  );
  add('adopt', 'Make this machine the owner of a store that another one has written', async ({ context }) =>
    (await import('../adopt-store.ts')).adoptStore(context),
  );
  add(
    'trace <name>',
    'Follow the decoded frames of a link, or of the hub connection (hub)',
    async ({ context, words }) => (await import('../trace.ts')).showTrace(context, words[0] ?? ''),
  );
  addTail(add);
}

function addTail(add: Add): void {
  add<TailOptions>(
    'tail',
    'Print events as they happen, all or those that filters admit',
    async ({ context, options }) => (await import('../tail.ts')).showTail(context, options),
  )
    .option('--subdevice <id>', 'events of this subdevice only; may be repeated', collect, [])
    .option(
      '--topic <filter>',
      'events on topics of this MQTT filter only, as at the hub; may be repeated',
      collect,
      [],
    )
    .option(
      '--event <name>',
      'events of this name or kind only (message, shed, hub, link, subdevice, storage, operator, gateway); may be repeated',
      collect,
      [],
    )
    .addOption(
      new Option('--direction <direction>', 'messages of this direction only: up (to the hub) or down').choices([
        'up',
        'down',
      ]),
    )
    .addOption(
      new Option('--format <format>', 'show payloads in this format')
        .choices(['text', 'hex', 'json', 'none'])
        .default('none'),
    )
    .option('--payload-bytes <count>', 'largest number of bytes of each payload', wholeNumber(1, 16_384), 256);
}

export function addConditions(add: Add): void {
  const conditions = add<{ readonly history?: true; readonly since?: number }>(
    'conditions',
    'List all present conditions (problems) in full',
    async ({ context, options }) =>
      options.history === true
        ? (await import('../condition-history.ts')).showConditionHistory(context, options.since)
        : (await import('../show-conditions.ts')).showConditions(context),
  );
  conditions
    .option('--history', 'list past conditions too, with their times')
    .option('--since <when>', `beginning of the list of --history (default: 7d): ${SINCE}`, moment);
  add(
    'explain <code>',
    'Explain a condition: meaning, effect on data, remedy, configuration keys',
    async ({ context, words }) => (await import('../show-conditions.ts')).explainCondition(context, words[0] ?? ''),
    conditions,
  );
  add(
    'reference',
    'Print all condition codes with meaning, effect and remedy (Markdown)',
    async ({ context }) => (await import('../show-conditions.ts')).showConditionsPage(context),
    conditions,
  );
}
