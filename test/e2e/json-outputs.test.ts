/**
 * Output of every command with `--json`, from a real gateway, beside the published schemas. `runProgram` compares each
 * line; this test runs the commands and checks that no schema is left out.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { JSON_OUTPUTS, type JsonName, schemaOf } from '../../src/cli/json-outputs.ts';
import { type AdminCommands, startAdministration } from '../../src/ops/api/administration.ts';
import { runProgram, startProgram } from './program.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

/** Outputs that another test compares with their schemas. */
const ELSEWHERE: Partial<Record<JsonName, string>> = {
  demo: 'test/e2e/demo.test.ts',
  'config-written': 'test/e2e/init.test.ts',
  telemetry: 'test/e2e/telemetry.test.ts',
  'remote-answer': 'test/e2e/remote-commands.test.ts',
  'remote-config': 'test/e2e/remote-configuration.test.ts',
  message: 'test/e2e/queues.test.ts',
  'messages-exported': 'test/e2e/queues.test.ts',
};

/** Commands with a hub that acknowledges everything but the topic `muted`. */
const RUNNING: readonly (readonly string[])[] = [
  ['status'],
  ['status', '--check'],
  ['doctor'],
  ['top'],
  ['ledger'],
  ['subdevices'],
  ['outbox'],
  ['forecast'],
  ['explain', 'a'],
  ['explain', 'hub'],
  ['explain', 'u1'],
  ['inbox'],
  ['outbox', 'list'],
  ['inbox', 'list'],
  ['outbox', 'hold', '--subdevice', 'a'],
  ['outbox', 'release', '--all'],
  ['outbox', 'drop', '--all'],
  ['history'],
  ['events'],
  ['conditions'],
  ['conditions', '--history'],
  ['conditions', 'explain', 'hub-away'],
  ['conditions', 'explain', 'no-such-code'],
  ['ports'],
  ['links'],
  ['link', 'test', 'link-a', '--seconds', '1', '--probes', '1'],
  ['firmware'],
  ['dead-letters', 'list'],
  ['dead-letters', 'show', '1'],
  ['hub', 'subscriptions'],
  ['--version'],
  ['config', 'check'],
  ['config', 'reference'],
  ['config', 'diff'],
  ['config', 'apply'],
  ['config', 'explain', 'link.baud_rate'],
  ['config', 'schema'],
  ['profiles', 'list'],
  ['profiles', 'check', 'eastron-sdm120'],
  ['completion', 'bash'],
  ['manual'],
  ['conditions', 'reference'],
  ['send', 'uplink', 'a', 't', '--payload', '1', '--wait'],
  ['mark', 'a note'],
  ['backlog', 'rate', '5'],
  ['backlog', 'pause'],
  ['backlog', 'resume'],
  ['acknowledge-gap'],
];

/** Commands without a gateway: they read the store. */
const STOPPED: readonly (readonly string[])[] = [
  ['status'],
  ['ledger'],
  ['forecast'],
  ['subdevices'],
  ['outbox'],
  ['inbox'],
  ['outbox', 'list'],
  ['dead-letters', 'list'],
  ['history'],
  ['events'],
  ['links'],
];

/** Commands whose answers need a hub with operations or a rare fault; here the answers of the gateway are fixed. */
const FIXED: readonly (readonly [words: readonly string[], command: string, answer: unknown])[] = [
  [
    ['hub', 'bind', 'a'],
    'hub.bind',
    { outcomes: [{ subdevice: 'a', hubIdentity: 'P/a', done: true, code: 0, sentence: 'done', remedy: null }] },
  ],
  [
    ['hub', 'describe'],
    'hub.describe',
    {
      answered: true,
      bindings: [{ subdevice: 'a', hubIdentity: 'P/a', binding: 'bound', sentence: null, remedy: null, forMs: null }],
      unconfiguredDevices: ['P/old'],
    },
  ],
  [['hub', 'subscriptions', 'release', 'gw/a/tick'], 'hub.release', { released: ['PUBLISH (QoS 0) on gw/a/tick'] }],
  [['subdevices', 'forget', 'a'], 'subdevices.forget', { discarded: 3 }],
  [['acknowledge-gap'], 'gap.acknowledge', { acknowledged: true }],
  [['outbox', 'retry'], 'outbox.retry', { retried: 1, what: ['PUBLISH on gw/a/tick'] }],
  [['config', 'confirm'], 'config.confirm', { mark: '0123456789abcdef' }],
  [
    ['firmware', 'retry', 'a'],
    'firmware.retry',
    {
      subdevice: 'a',
      running: '1.2',
      rejectedOffer: null,
      update: {
        ...{
          version: '1.3',
          step: 'waiting for the download',
          bytes: 9,
          downloadedBytes: 0,
          confirmedBytes: 0,
          percent: 0,
        },
        ...{ bytesPerS: null, etaMs: null, attempts: 1, isReported: false },
        failure: { kind: 'not updated', code: -5, reason: 'it still runs 1.2' },
      },
    },
  ],
  [['acknowledge-loss'], 'loss.acknowledge', { acknowledged: true }],
  [['adopt'], 'store.adopt', { adopted: true }],
];

const seen = new Set<string>();

/** Runs commands two at a time; each line must fit its schema. */
async function see(options: readonly string[], commands: readonly (readonly string[])[]): Promise<void> {
  const [first, second, ...others] = commands;
  if (first === undefined) return;
  for (const { stdout, stderr } of await Promise.all(
    [first, ...(second === undefined ? [] : [second])].map((words) => runProgram('--json', ...options, ...words)),
  ))
    note(stdout, stderr);
  await see(options, others);
}

function note(...outputs: readonly string[]): void {
  for (const line of outputs.flatMap((output) => output.split('\n').slice(0, -1))) seen.add(JSON.parse(line).schema);
}

/** A message that the hub does not acknowledge became a dead letter. */
async function openWithLetter(): Promise<Testbed> {
  const config = { hub: { puback_ms_max: 1000, attempts_max: 2 } };
  const testbed = await openTestbed({ rules: { mutedTopics: ['gw/a/muted'] }, config });
  await testbed.start();
  testbed.subdevice('a').publish('muted');
  testbed.publish(3);
  await until(async () => (await testbed.gateway.ledger()).totals.uplink.dead === 1);
  return testbed;
}

/** Follows a stream until it has shown events, then ends the gateway, which ends the stream. */
async function follow(testbed: Testbed): Promise<void> {
  const options = ['--json', '--config', testbed.configPath];
  const streams = [['tail'], ['trace', 'link-a']].map((words) => startProgram([...options, ...words]));
  await Promise.all(streams.map((stream) => stream.hasPrinted(/"kind"/, () => testbed.publish(1))));
  await testbed.gateway.signal('SIGTERM');
  for (const { ended } of streams) {
    const { stdout, stderr } = await ended;
    note(stdout, stderr);
  }
}

async function withFixedAnswers(folder: string): Promise<void> {
  const controlSocket = join(folder, 'fixed.sock');
  const commands: AdminCommands = Object.fromEntries(FIXED.map(([, name, answer]) => [name, async () => answer]));
  const administration = await startAdministration({ controlSocket, commands });
  try {
    await see(
      ['--socket', controlSocket],
      FIXED.map(([words]) => words),
    );
  } finally {
    await administration.close();
  }
}

it('the output of every command with --json fits its published schema', async () => {
  const testbed = await openWithLetter();
  const options = ['--config', testbed.configPath];
  await see(options, RUNNING);
  await see(options, [['dead-letters', 'retry', '1']]); // after the letter was shown
  await see(options, [['bundle', '--out', join(testbed.folder, 'bundle.zip')]]);
  await see(options, [['report', '--html', join(testbed.folder, 'report.html')]]);
  const backup = join(testbed.folder, 'gw.hfbackup');
  await see(options, [['backup', backup]]);
  const copy = join(testbed.folder, 'copy.recording');
  await see(options, [['record', 'link-a', '--out', copy]]);
  await see(options, [
    ['export', copy, '--pcapng', `${copy}.pcapng`],
    ['replay', copy],
  ]);
  await follow(testbed);
  await see(options, STOPPED);
  await see(options, [['restore', backup, '--replace']]);
  const broken = join(testbed.folder, 'broken.toml');
  writeFileSync(broken, '[gateway');
  await see(['--config', broken], [['status']]);
  await withFixedAnswers(testbed.folder);
  const names = Object.keys(JSON_OUTPUTS) as JsonName[];
  expect(
    names.filter((name) => !seen.has(schemaOf(name)) && ELSEWHERE[name] === undefined),
    'No command of this test has printed these outputs: add a run to RUNNING, STOPPED or FIXED',
  ).toEqual([]);
});
