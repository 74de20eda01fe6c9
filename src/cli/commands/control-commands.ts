/** Commands of a technician for the running gateway: limits of the backlog, notes, backups, test messages. */
import { type Command, Option } from 'commander';
import { BACKLOG_LIMITS } from '../../base/backlog-limits.ts';
import { duration } from '../duration.ts';
import type { LimitOptions } from '../limit-backlog.ts';
import type { RestoreChoice } from '../restore-backup.ts';
import type { SendOptions } from '../send-test.ts';
import type { Add } from './add-command.ts';

export function addBacklog(add: Add, program: Command): void {
  const backlog = program.command('backlog').description('Commands for the sending of the backlog to the hub');
  const { pause, rate } = BACKLOG_LIMITS;
  add<LimitOptions>(
    'pause',
    'Pause the backlog for a time; alarms and live messages are still sent',
    async ({ context, options }) => (await import('../limit-backlog.ts')).pauseBacklog(context, options),
    backlog,
  ).addOption(
    new Option('--for <duration>', 'duration of the pause, e.g. 30m, at most 24h')
      .argParser(duration(pause.forMsMin, pause.forMsMax))
      .default(pause.forMsDefault, '2h'),
  );
  add(
    'resume',
    'End the pause of the backlog',
    async ({ context }) => (await import('../limit-backlog.ts')).resumeBacklog(context),
    backlog,
  );
  add<LimitOptions>(
    'rate <messages-per-s>',
    'Limit the backlog to a lower rate than the hub allows, or end the limit (default)',
    async ({ context, options, words }) =>
      (await import('../limit-backlog.ts')).setBacklogRate(context, words[0] ?? '', options),
    backlog,
  ).addOption(
    new Option('--for <duration>', 'duration of the limit, e.g. 12h, at most 7d')
      .argParser(duration(rate.forMsMin, rate.forMsMax))
      .default(rate.forMsDefault, '24h'),
  );
}

export function addMark(add: Add): void {
  add('mark <text>', 'Leave a note in the journal, among the events and in recordings', async ({ context, words }) =>
    (await import('../mark.ts')).mark(context, words[0] ?? ''),
  );
}

export function addBackup(add: Add): void {
  add(
    'backup <file>',
    'Write a verified copy of the store into one file, also while the gateway runs',
    async ({ context, words }) => (await import('../make-backup.ts')).makeBackup(context, words[0] ?? ''),
  );
  add<RestoreChoice>(
    'restore <file>',
    'Put a backup in the place of the store of a stopped gateway',
    async ({ context, options, words }) =>
      (await import('../restore-backup.ts')).restoreBackup(context, words[0] ?? '', options),
  )
    .option('--replace', 'also if the present store holds messages; it is kept in the folder replaced')
    .option('--drop-downlinks', 'discard the downlinks of the backup, which may be outdated commands');
}

export function addSend(add: Add, program: Command): void {
  const send = program.command('send').description('Commands for test messages on the way of real ones');
  const ways = [
    ['uplink', 'Send a test message as if the subdevice had published it with QoS 1'],
    ['downlink', 'Send a test message to a subdevice as if it came from the hub'],
  ] as const;
  for (const [way, description] of ways) {
    const command = add<SendOptions>(
      `${way} <subdevice> <topic> [input]`,
      description,
      async ({ context, options, words }) => (await import('../send-test.ts')).sendTest(context, way, words, options),
      send,
    )
      .option('--payload <text>', 'payload as text')
      .option('--hex <digits>', 'payload as hexadecimal digits')
      .option('--file <path>', 'payload from a file; - as the last argument reads standard input')
      .addOption(
        new Option('--timeout <duration>', 'longest wait, e.g. 10s, at most 1h')
          .argParser(duration(1000, 3_600_000))
          .default(30_000, '30s'),
      );
    if (way === 'uplink') command.option('--wait', 'also wait for the PUBACK of the hub');
  }
}
