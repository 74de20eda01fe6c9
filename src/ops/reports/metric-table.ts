/**
 * Table of all metrics of `GET /v1/metrics`: name, meaning and place in the status report. Source of the answer and of
 * docs/metrics.md. Nothing is counted here; a value that the report does not know has no sample.
 */
import type { Direction } from '../../base/message.ts';
import type { Age } from '../../base/time.ts';
import type { LineErrors } from '../../ports.ts';
import type { FirmwareCounts } from './firmware-updates-report.ts';
import type { LedgerSum } from './ledger-report.ts';
import type { LinkReport } from './link-report.ts';
import type { Losing, QueueReport, StatusReport } from './report.ts';

export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metric {
  readonly name: string;
  /** `counter`: grows only, while the process runs. */
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
  ...firmware(),
  ...machine(),
];

function overall(): Metric[] {
  return [
    one('losing', 'Whether data is being lost: 0 no, 1 at risk, 2 yes, 3 unknown.', ({ losing }) => LOSING[losing]),
    {
      ...labelled('condition', '1 for each current condition; codes as in holdfast conditions.', ['code']),
      read: ({ conditions }) => [...new Set(conditions.map(({ code }) => code))].map((code) => sample({ code }, 1)),
    },
    {
      ...labelled('gateway', 'Always 1; labels are name and version of the gateway.', ['name', 'version']),
      read: ({ process }) => [sample({ name: process.gateway, version: process.version }, 1)],
    },
  ];
}

function hub(): Metric[] {
  return [
    one('hub_connected', '1 if connected to the hub, otherwise 0.', ({ hub }) => Number(hub.state === 'connected')),
    one('hub_since_seconds', 'Time connected, or time away (lower bound).', ({ hub }) => seconds(hub.since)),
    one('hub_next_attempt_seconds', 'Time until the next connection attempt.', ({ hub }) =>
      secondsOf(hub.nextAttemptInMs),
    ),
    one(
      'hub_takeovers',
      'Connections in a row that another client seems to have taken over.',
      ({ hub }) => hub.takeovers,
    ),
    count(
      'hub_password_renewal_attempts_total',
      'Attempts to renew the password while connected; no sample without hub.password_renew_s.',
      ({ hub }) => hub.passwordRenewals?.attempts,
    ),
    count(
      'hub_password_renewal_failures_total',
      'Attempts to renew the password that failed: no new password, or the hub did not accept it.',
      ({ hub }) => hub.passwordRenewals?.failures,
    ),
    one('hub_subscriptions', 'Filters subscribed at the hub.', ({ hub }) => hub.subscriptions),
    one('hub_subscriptions_max', 'Filters that the hub allows; 0 = no limit.', ({ hub }) => hub.subscriptionsMax),
    count(
      'hub_uplinks_without_envelope_total',
      'Uplinks published without their envelope, because with it they are larger than the hub allows.',
      ({ hub }) => hub.uplinksWithoutEnvelope,
    ),
    count(
      'hub_uplinks_with_fallback_total',
      'Uplinks accepted with a fallback in their topic, because a field of the template had no usable value.',
      ({ hub }) => hub.uplinksWithFallback,
    ),
    count(
      'hub_uplinks_nested_total',
      'Uplinks whose payload the envelope form fields could not extend, so it was nested as with json.',
      ({ hub }) => hub.uplinksNested,
    ),
    count(
      'hub_sessions_lost_total',
      'Sessions that the hub lost although they were expected.',
      ({ hub }) => hub.sessionsLost,
    ),
  ];
}

function session(): Metric[] {
  return [
    one('session_away_seconds', 'Time for which the gateway has not been connected (lower bound).', ({ hub }) =>
      seconds(hub.session.away),
    ),
    one('session_kept_seconds', 'Time for which the hub keeps a session.', ({ hub }) => secondsOf(hub.session.keptMs)),
    one('session_over', '1 if the session has certainly ended at the hub, otherwise 0.', ({ hub }) =>
      Number(hub.session.isOver),
    ),
    one('session_gap', '1 if downlinks may be missing, otherwise 0.', ({ hub }) => Number(hub.session.gap !== null)),
    one('session_gap_age_seconds', 'Age of the possible gap in downlinks (lower bound).', ({ hub }) =>
      seconds(hub.session.gap?.age ?? null),
    ),
    one('session_replay_messages', 'Stored messages received in this hub replay.', ({ hub }) => hub.replay?.received),
    one('session_replay_messages_max', 'Most messages that the hub stores.', ({ hub }) => hub.replay?.expectedMax),
    one('session_replay_left_seconds', 'Time until the hub replay is done (upper bound).', ({ hub }) =>
      secondsOf(hub.replay?.etaMs ?? null),
    ),
  ];
}

function queues(): Metric[] {
  return [
    queue('messages', 'Messages in custody.', ({ messages }) => messages),
    queue('bytes', 'Bytes of the messages in custody, overhead included.', ({ bytes }) => bytes),
    queue('disk_messages', 'Messages in custody that are safe on disk.', ({ onDisk }) => onDisk),
    queue('in_flight_messages', 'Messages in custody that are sent and not acknowledged.', ({ inFlight }) => inFlight),
    queue('oldest_seconds', 'Age of the oldest message (lower bound).', ({ oldest }) => seconds(oldest)),
    queue('settled_messages_per_second', 'Rate of settled messages, smoothed.', ({ ratePerS }) => ratePerS),
    queue('left_seconds', 'Time to drain at this rate.', ({ etaMs }) => secondsOf(etaMs)),
    queue('messages_max', 'Bound on messages; for the inbox per subdevice.', ({ messagesMax }) => messagesMax),
    queue('bytes_max', 'Bound on bytes; 0 = no bound.', ({ bytesMax }) => bytesMax),
  ];
}

function ledger(): Metric[] {
  return [
    ledgerCounter(
      'accepted',
      'Messages accepted. May decrease by messages that a full disk kept from being acknowledged.',
      ({ accepted }) => accepted,
    ),
    ledgerCounter('delivered', 'Messages delivered.', ({ delivered }) => delivered),
    ledgerCounter('dead', 'Messages that became dead letters.', ({ dead }) => dead),
    ledgerCounter('damaged', 'Messages found damaged on the storage medium.', ({ damaged }) => damaged),
    {
      ...labelled('ledger_shed_messages_total', 'Messages shed, by reason.', ['direction', 'reason']),
      kind: 'counter',
      read: (status) =>
        sumsIn(status).flatMap(([direction, { shed }]) =>
          Object.entries(shed).map(([reason, messages]) => sample({ direction, reason }, messages)),
        ),
    },
    {
      ...labelled(
        'ledger_imbalance_messages',
        'Accepted minus delivered, pending, shed, dead and damaged; not 0 = defect.',
        ['direction'],
      ),
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
    link('open', '1 if the port is open, otherwise 0.', ({ state }) => Number(state === 'open')),
    link('state_seconds', 'Time in the current state.', ({ forMs }) => forMs / 1000),
    {
      ...link('open_seconds_total', 'Time for which the port was open.', ({ openMs }) => openMs / 1000),
      kind: 'counter',
    },
    link('subdevices', 'Attached subdevices.', ({ subdevices }) => subdevices.length),
    link('asleep_subdevices', 'Attached subdevices that are asleep.', ({ asleep }) => asleep.length),
    counter('openings', 'Number of times the port was opened.', 'openings'),
    counter('received_bytes', 'Bytes from the line.', 'bytesIn'),
    counter('sent_bytes', 'Bytes to the line.', 'bytesOut'),
    counter('received_frames', 'Whole frames from the line.', 'framesIn'),
    counter('sent_frames', 'Frames to the line.', 'framesOut'),
    counter('crc_errors', 'Frames with a wrong checksum, and noise.', 'crcErrors'),
    counter('oversize_frames', 'Frames longer than allowed.', 'oversizeFrames'),
    counter('malformed_packets', 'Frames without a valid packet, and unreadable lines.', 'malformedPackets'),
    counter('unexpected_packets', 'Packets that do not fit the state of the connection.', 'unexpectedPackets'),
    counter('refused_uplinks', 'Uplinks refused, e.g. because the disk is full.', 'refusedUplinks'),
    counter('duplicates', 'Messages repeated by a subdevice.', 'duplicates'),
    counter('retries', 'Packets repeated to a subdevice.', 'retries'),
    counter('echoes', 'Own frames or lines that came back: the adapter or the device echoes.', 'echoes'),
    kernel(
      'overruns',
      'Bytes lost by the hardware; all link_kernel_ metrics count since the port was found.',
      'overruns',
    ),
    kernel('buffer_overruns', 'Bytes lost by the kernel.', 'bufferOverruns'),
    kernel('framing_errors', 'Bytes without a stop bit.', 'framing'),
    kernel('parity_errors', 'Bytes of wrong parity.', 'parity'),
    kernel('breaks', 'Times the line was held low.', 'breaks'),
  ];
}

function intake(): Metric[] {
  return [
    {
      ...labelled('discarded_total', 'Messages discarded or shed (bytes for "line not ended").', [
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
    link(
      'missing_subdevices',
      'Missing subdevices that are configured for this link alone.',
      ({ missing }) => missing.length,
    ),
  ];
}

/** No samples while firmware updates are off. */
function firmware(): Metric[] {
  const total = (name: string, help: string, read: (counts: FirmwareCounts) => number): Metric =>
    count(`firmware_${name}_total`, help, ({ firmware: counts }) => (counts.enabled ? read(counts) : null));
  return [
    {
      ...labelled('firmware_updates', 'Subdevices by the step of their newest firmware update.', ['step']),
      read: ({ firmware: { enabled, steps } }) =>
        enabled ? Object.entries(steps).map(([step, subdevices]) => sample({ step }, subdevices)) : [],
    },
    total('updates_done', 'Firmware updates that have ended with success.', ({ updated }) => updated),
    total('updates_failed', 'Firmware updates that have failed.', ({ failed }) => failed),
    total(
      'downloaded_bytes',
      'Size of the firmware images that were downloaded completely.',
      ({ downloadedBytes }) => downloadedBytes,
    ),
    total('downloads_failed', 'Failed downloads of firmware images.', ({ downloadsFailed }) => downloadsFailed),
  ];
}

function machine(): Metric[] {
  return [
    one('store_bytes', 'Size of the store.', ({ store }) => store.bytes),
    one('store_log_bytes', 'Size of the WAL of the store.', ({ store }) => store.walBytes),
    one('store_free_bytes', 'Free bytes of the file system of the store.', ({ store }) => store.freeBytes),
    count('store_commits_total', 'Commits of the store.', ({ store }) => store.commits),
    count(
      'store_written_bytes_total',
      'Bytes written to flash, as the kernel counts.',
      ({ store }) => store.flashBytesWritten,
    ),
    count(
      'store_history_bytes_total',
      'Bytes that the history has caused in the WAL of the store.',
      ({ store }) => store.historyBytesWritten,
    ),
    count('recordings_total', 'Recordings written.', ({ recordings }) => recordings.written),
    count('recordings_failed_total', 'Recordings that could not be written.', ({ recordings }) => recordings.failed),
    count('recordings_removed_total', 'Old recordings deleted to make room.', ({ recordings }) => recordings.removed),
    one('process_uptime_seconds', 'Time since the start of the process.', ({ process }) => process.uptimeMs / 1000),
    one('process_resident_bytes', 'Resident memory.', ({ process }) => process.rssBytes),
    one('clock_trusted', '1 if the wall clock is synchronised, otherwise 0.', ({ process }) =>
      Number(process.clockTrusted),
    ),
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
    read: ({ outbox, inbox, ledger }) =>
      ledger === null
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

function ledgerCounter(name: string, help: string, read: (sum: LedgerSum) => number): Metric {
  const metric = labelled(`ledger_${name}_messages_total`, help, ['direction']);
  const readAll: Metric['read'] = (status) =>
    sumsIn(status).map(([direction, sum]) => sample({ direction }, read(sum)));
  return { ...metric, kind: 'counter', read: readAll };
}

function sumsIn({ ledger }: StatusReport): [Direction, LedgerSum][] {
  return ledger === null
    ? []
    : [
        ['uplink', ledger.uplink],
        ['downlink', ledger.downlink],
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
