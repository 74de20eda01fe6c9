/**
 * Every metric of `GET /v1/metrics`: its name, its meaning, and where in the status report it stands. One table for the
 * answer and for docs/metrics.md. Nothing is counted here; what the report does not know has no sample.
 */
import type { Direction } from '../../base/message.ts';
import type { Age } from '../../base/time.ts';
import type { LineErrors } from '../../ports.ts';
import type { LedgerSum } from './ledger-report.ts';
import type { LinkReport } from './link-report.ts';
import type { Losing, QueueReport, StatusReport } from './report.ts';

export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metric {
  readonly name: string;
  /** `counter`: only grows while the process runs. */
  readonly kind: 'gauge' | 'counter';
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (status: StatusReport) => readonly MetricSample[];
}

const LOSING: Readonly<Record<Losing, number>> = { no: 0, 'at risk': 1, yes: 2, unknown: 3 };

export const METRICS: readonly Metric[] = [
  ...overall(),
  ...hub(),
  ...session(),
  ...queues(),
  ...ledger(),
  ...links(),
  ...intake(),
  ...machine(),
];

function overall(): Metric[] {
  return [
    one('losing', 'Is it losing data? 0 no, 1 at risk, 2 yes, 3 unknown.', ({ losing }) => LOSING[losing]),
    {
      ...labelled('condition', 'A condition stands: 1. The codes are those of holdfast status.', ['code']),
      read: ({ conditions }) => [...new Set(conditions.map(({ code }) => code))].map((code) => sample({ code }, 1)),
    },
    {
      ...labelled('gateway', 'Which gateway and which version: 1.', ['name', 'version']),
      read: ({ process }) => [sample({ name: process.gateway, version: process.version }, 1)],
    },
  ];
}

function hub(): Metric[] {
  return [
    one('hub_connected', 'Connected to the hub: 1, else 0.', ({ hub }) => Number(hub.state === 'connected')),
    one('hub_since_seconds', 'How long it has been connected, or away (at least).', ({ hub }) => seconds(hub.since)),
    one('hub_next_attempt_seconds', 'Until the next attempt to connect.', ({ hub }) => secondsOf(hub.nextAttemptInMs)),
    one(
      'hub_takeovers',
      'Connections in a row that another gateway seems to have taken over.',
      ({ hub }) => hub.takeovers,
    ),
    one('hub_subscriptions', 'Filters held at the hub.', ({ hub }) => hub.subscriptions),
    one('hub_subscriptions_max', 'Filters the hub allows; 0 = no limit.', ({ hub }) => hub.subscriptionsMax),
    count('hub_sessions_lost_total', 'Sessions the hub lost though we expected them.', ({ hub }) => hub.sessionsLost),
  ];
}

function session(): Metric[] {
  return [
    one('session_away_seconds', 'How long the hub has not seen us (at least).', ({ hub }) => seconds(hub.session.away)),
    one('session_kept_seconds', 'How long the hub keeps a session.', ({ hub }) => secondsOf(hub.session.keptMs)),
    one('session_over', 'The session has certainly ended at the hub: 1, else 0.', ({ hub }) =>
      Number(hub.session.isOver),
    ),
    one('session_gap', 'Downlinks may be missing: 1, else 0.', ({ hub }) => Number(hub.session.gap !== null)),
    one('session_gap_age_seconds', 'Since when they may be (at least).', ({ hub }) =>
      seconds(hub.session.gap?.age ?? null),
    ),
    one(
      'session_replay_messages',
      'Stored messages the hub has sent in this replay.',
      ({ hub }) => hub.replay?.received,
    ),
    one('session_replay_messages_max', 'The most the hub stores.', ({ hub }) => hub.replay?.expectedMax),
    one('session_replay_left_seconds', 'Until the replay is done, at most.', ({ hub }) =>
      secondsOf(hub.replay?.etaMs ?? null),
    ),
  ];
}

function queues(): Metric[] {
  return [
    queue('messages', 'Messages in custody.', ({ messages }) => messages),
    queue('bytes', 'Their bytes, overhead included.', ({ bytes }) => bytes),
    queue('disk_messages', 'Of them, safe on disk.', ({ onDisk }) => onDisk),
    queue('in_flight_messages', 'Of them, sent and not acknowledged.', ({ inFlight }) => inFlight),
    queue('oldest_seconds', 'Age of the oldest (at least).', ({ oldest }) => seconds(oldest)),
    queue('settled_messages_per_second', 'Settled lately, smoothed.', ({ ratePerS }) => ratePerS),
    queue('left_seconds', 'Until nothing is left, at this rate.', ({ etaMs }) => secondsOf(etaMs)),
    queue('messages_max', 'Bound on the messages; inbox: per subdevice.', ({ messagesMax }) => messagesMax),
    queue('bytes_max', 'Bound on the bytes; 0 = none of its own.', ({ bytesMax }) => bytesMax),
  ];
}

function ledger(): Metric[] {
  return [
    books('accepted', 'Ever accepted. A full disk takes one back that nobody was told of.', ({ accepted }) => accepted),
    books('delivered', 'Ever delivered.', ({ delivered }) => delivered),
    books('dead', 'Given up after counted attempts.', ({ dead }) => dead),
    books('damaged', 'Found damaged on the medium.', ({ damaged }) => damaged),
    {
      ...labelled('ledger_shed_messages_total', 'Dropped by a named policy.', ['direction', 'reason']),
      kind: 'counter',
      read: (status) =>
        sumsIn(status).flatMap(([direction, { shed }]) =>
          Object.entries(shed).map(([reason, messages]) => sample({ direction, reason }, messages)),
        ),
    },
    {
      ...labelled('ledger_imbalance_messages', 'Accepted minus everything it became; not 0: a defect.', ['direction']),
      read: (status) => sumsIn(status).map(([direction, { imbalance }]) => sample({ direction }, imbalance)),
    },
  ];
}

function links(): Metric[] {
  const counter = (name: string, help: string, key: keyof LinkReport['counters']): Metric => ({
    ...link(`${name}_total`, help, ({ counters }) => counters[key]),
    kind: 'counter',
  });
  const kernel = (name: string, help: string, key: keyof LineErrors): Metric => ({
    ...link(`kernel_${name}_total`, help, (each) => each.kernel?.[key]),
    kind: 'counter',
  });
  return [
    link('open', 'The port is open: 1, else 0.', ({ state }) => Number(state === 'open')),
    link('state_seconds', 'For how long it has been as it is.', ({ forMs }) => forMs / 1000),
    link('subdevices', 'Subdevices attached.', ({ subdevices }) => subdevices.length),
    link('asleep_subdevices', 'Of them, asleep.', ({ asleep }) => asleep.length),
    counter('openings', 'Times it was opened.', 'openings'),
    counter('received_bytes', 'Bytes from the line.', 'bytesIn'),
    counter('sent_bytes', 'Bytes to the line.', 'bytesOut'),
    counter('received_frames', 'Whole frames from the line.', 'framesIn'),
    counter('sent_frames', 'Frames to the line.', 'framesOut'),
    counter('crc_errors', 'Frames with a wrong checksum, and noise.', 'crcErrors'),
    counter('oversize_frames', 'Frames longer than allowed.', 'oversizeFrames'),
    counter('malformed_packets', 'Frames that hold no packet, and lines that cannot be read.', 'malformedPackets'),
    counter('unexpected_packets', 'Packets out of place.', 'unexpectedPackets'),
    counter('refused_uplinks', 'Uplinks not taken, e.g. because the disk is full.', 'refusedUplinks'),
    counter('duplicates', 'Messages repeated by a subdevice.', 'duplicates'),
    counter('retries', 'Packets repeated to a subdevice.', 'retries'),
    kernel('overruns', 'Bytes the hardware lost; since the port was found, as all link_kernel_.', 'overruns'),
    kernel('buffer_overruns', 'Bytes the kernel lost.', 'bufferOverruns'),
    kernel('framing_errors', 'Bytes without a stop bit.', 'framing'),
    kernel('parity_errors', 'Bytes of wrong parity.', 'parity'),
    kernel('breaks', 'Times the line was held low.', 'breaks'),
  ];
}

function intake(): Metric[] {
  return [
    {
      ...labelled('discarded_total', 'Ended outside custody, or shed (bytes for "line not ended").', [
        'link',
        'subdevice',
        'direction',
        'reason',
      ]),
      kind: 'counter',
      read: ({ discarded }) =>
        discarded.map(({ link: name, subdevice, direction, reason, count: messages }) =>
          sample({ link: name ?? '', subdevice: subdevice ?? '', direction: direction ?? '', reason }, messages),
        ),
    },
    link('missing_subdevices', 'Configured for this link alone, and not there.', ({ missing }) => missing.length),
  ];
}

function machine(): Metric[] {
  return [
    one('store_bytes', 'Size of the store.', ({ store }) => store.bytes),
    one('store_log_bytes', 'Size of its log.', ({ store }) => store.walBytes),
    one('store_free_bytes', 'Free on its file system.', ({ store }) => store.freeBytes),
    count('store_commits_total', 'Transactions.', ({ store }) => store.commits),
    count(
      'store_written_bytes_total',
      'Written to flash, as the kernel counts.',
      ({ store }) => store.flashBytesWritten,
    ),
    count('recordings_total', 'Recordings written.', ({ recordings }) => recordings.written),
    count('recordings_failed_total', 'Recordings that could not be written.', ({ recordings }) => recordings.failed),
    count('recordings_removed_total', 'Old ones that gave way.', ({ recordings }) => recordings.removed),
    one('process_uptime_seconds', 'Since the start.', ({ process }) => process.uptimeMs / 1000),
    one('process_resident_bytes', 'Resident memory.', ({ process }) => process.rssBytes),
    one('clock_trusted', 'The wall clock may date messages: 1, else 0.', ({ process }) => Number(process.clockTrusted)),
  ];
}

function labelled(name: string, help: string, labels: readonly string[]): Omit<Metric, 'read'> {
  return { name: `holdfast_${name}`, kind: 'gauge', help, labels };
}

function one(name: string, help: string, read: (status: StatusReport) => number | null | undefined): Metric {
  return { ...labelled(name, help, []), read: (status) => samples({}, read(status)) };
}

function count(...metric: Parameters<typeof one>): Metric {
  return { ...one(...metric), kind: 'counter' };
}

function queue(name: string, help: string, read: (queue: QueueReport) => number | null): Metric {
  return {
    ...labelled(`queue_${name}`, help, ['queue']),
    read: ({ outbox, inbox, books }) =>
      books === null
        ? []
        : [...samples({ queue: 'outbox' }, read(outbox)), ...samples({ queue: 'inbox' }, read(inbox))],
  };
}

function link(name: string, help: string, read: (link: LinkReport) => number | undefined): Metric {
  return {
    ...labelled(`link_${name}`, help, ['link']),
    read: ({ links }) => links.flatMap((each) => samples({ link: each.name }, read(each))),
  };
}

function books(name: string, help: string, read: (sum: LedgerSum) => number): Metric {
  const metric = labelled(`ledger_${name}_messages_total`, help, ['direction']);
  const readAll: Metric['read'] = (status) =>
    sumsIn(status).map(([direction, sum]) => sample({ direction }, read(sum)));
  return { ...metric, kind: 'counter', read: readAll };
}

function sumsIn({ books }: StatusReport): [Direction, LedgerSum][] {
  return books === null
    ? []
    : [
        ['uplink', books.uplink],
        ['downlink', books.downlink],
      ];
}

function samples(labels: MetricSample['labels'], value: number | null | undefined): MetricSample[] {
  return value === null || value === undefined ? [] : [sample(labels, value)];
}

function sample(labels: MetricSample['labels'], value: number): MetricSample {
  return { labels, value };
}

function seconds(age: Age | null): number | null {
  return secondsOf(age === null ? null : age.ms);
}

function secondsOf(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}
