/**
 * Table of all keys of the configuration file: type, range, default and meaning (the hub section: `hub-keys.ts`).
 * `sections.ts` reads a file by this table, `reference.ts` prints the table, and hints of problems quote it. Rules
 * across keys are in `rules.ts`.
 */
import { z } from 'zod';
import { OVERFLOW_POLICIES } from '../base/overflow-policy.ts';
import { RECOVERY_STEPS } from '../base/recovery-step.ts';
import { PORT_NAME } from '../base/serial-port.ts';
import { HUB_NAME_MAX } from '../base/shared-topic.ts';
import { DRIVERS } from '../driver/drivers.ts';
import { AVAILABILITY } from './availability-config.ts';
import { DEFAULT_CONTROL_SOCKET, DEFAULT_PROFILE_DIR, DEFAULT_STATE_DIR } from './default-places.ts';
import { ENVELOPE, ENVELOPE_NAMES } from './envelope-config.ts';
import { FIRMWARE } from './firmware-config.ts';
import { HOME_ASSISTANT } from './home-assistant-config.ts';
import { HUB } from './hub/hub-keys.ts';
import { joinedKeys } from './kinds/joined-keys.ts';
import {
  absolutePath,
  DEVICE_NAME,
  FLAG,
  groupedByValue,
  means,
  NAME,
  PRODUCT_ID,
  text,
  topicTemplate,
  whole,
} from './kinds/key-kinds.ts';
import { METRICS_KEYS } from './metrics-config.ts';
import { REMOTE } from './remote-keys.ts';
import { SHARED_TOPIC } from './shared-topic-config.ts';
import { TELEMETRY } from './telemetry-config.ts';
import { WEB } from './web-config.ts';

/**
 * Largest length of the path of the control socket. A sockaddr_un has 108 bytes with the final NUL (unix(7)), and the
 * path of the second socket is 11 bytes longer.
 */
const SOCKET_PATH_BYTES_MAX = 96;
/** Largest age in hours: ten years. A longer age is a typing error. */
const AGE_HOURS_MAX = 87_600;
const MEBIBYTE = 1024 * 1024;
/**
 * Longest wait before an acknowledgement. An MQTT-SN client stops waiting for an acknowledgement after T_retry, 10 to
 * 15 s (MQTT-SN 1.2 §7.2).
 */
const WAIT_MS_MAX = 10_000;

/** Name of a local group, as useradd(8) permits it. */
const GROUP_NAME = text(/^[a-z_][a-z0-9_-]{0,30}\$?$/, 'name of a group');

/** Topic filters of messages that are sent with RETAIN. */
const retainTopics = () => z.array(z.string().min(1).max(255)).max(64);

const OVERFLOW = z.enum(OVERFLOW_POLICIES);

export const GATEWAY = z.strictObject({
  name: NAME.meta(means('Name of this gateway, used in topics and as the client id.')),
  state_dir: absolutePath()
    .default(DEFAULT_STATE_DIR)
    .meta(means('Directory of the store, used by this gateway only.')),
  allow_volatile_store: FLAG.meta(
    means('Start even if state_dir is in RAM (tmpfs, overlay on tmpfs, zram): a power cut then loses all messages.'),
  ),
  control_socket: absolutePath(SOCKET_PATH_BYTES_MAX)
    .default(DEFAULT_CONTROL_SOCKET)
    .meta(
      means(
        'Unix socket for commands that read, such as `holdfast status`. Commands that change something use `…-admin.sock` beside it.',
      ),
    ),
  control_group: GROUP_NAME.optional().meta(
    means('Group whose members may use control_socket.', 'group of the gateway’s process'),
  ),
  admin_group: GROUP_NAME.optional().meta(
    means(
      'Group whose members may use `…-admin.sock`. Members need control_group too.',
      'group of the gateway’s process',
    ),
  ),
  log_level: z
    .enum(['debug', 'info', 'warn', 'error'])
    .default('info')
    .meta(means('Lowest level of lines that are logged.')),
  log_format: z.enum(['text', 'json']).default('text').meta(means('Format of log lines.')),
  medium_life_tb: z
    .number()
    .min(0)
    .max(1_000_000)
    .default(0)
    .meta(
      means(
        'Terabytes that can be written to the medium of state_dir in its life (TBW in its data sheet), for the wear in `holdfast status`. 0 = unknown: 300 full writes are assumed.',
      ),
    ),
  accept_unknown_subdevices: FLAG.meta(means('Serve subdevices without a [[subdevice]]. Profile generic only.')),
  profile_dir: absolutePath()
    .default(DEFAULT_PROFILE_DIR)
    .meta(
      means(
        'Directory of device profiles of this machine. A file there replaces the shipped profile with the same id.',
      ),
    ),
});

export const OUTBOX = z.strictObject({
  messages_max: whole(1, 1_000_000_000).default(1_000_000).meta(means('Largest number of uplinks in custody.')),
  bytes_max: whole(65_536, 2 ** 40)
    .default(536_870_912)
    .meta(
      means(
        'Largest size of all uplinks in custody in bytes, including overhead. The disk needs up to 1.4 times this size plus 16 MB.',
      ),
    ),
  age_hours_max: whole(0, AGE_HOURS_MAX).default(0).meta(means('Uplinks older than this expire. 0 = never.')),
  overflow: OVERFLOW.default('reject').meta(
    means('Rule when the outbox is full. reject loses nothing: the subdevice is asked to send again later.'),
  ),
  alarm_topics: z
    .array(z.string().min(1).max(255))
    .max(64)
    .default([])
    .meta(means('Filters of topics of subdevices, e.g. ["alarm", "+/alarm"]. Matching QoS 1 messages are sent first.')),
  retain_topics: retainTopics()
    .default([])
    .meta(
      means(
        'Filters of topics of subdevices, e.g. ["state", "+/config"]. Matching uplinks are sent with RETAIN, also if the subdevice does not ask for it. With hub.retain.',
      ),
    ),
  live_share: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .meta(means('While a backlog drains: smallest share of the rate for messages of subdevices without a backlog.')),
  hold_ms: whole(0, WAIT_MS_MAX)
    .default(200)
    .meta(means('Longest time an uplink waits in RAM for the PUBACK of the hub before it is written to disk.')),
  commit_ms: whole(0, WAIT_MS_MAX)
    .default(100)
    .meta(means('Delay of a commit so that more messages share it. A longer delay causes less flash wear.')),
  envelope: ENVELOPE.default('none').meta(
    means(
      'JSON around the payload of each uplink with the time of its measurement (docs/measurement-time.md). fields: the members are added to payloads that are JSON objects.',
    ),
  ),
  envelope_names: ENVELOPE_NAMES.optional().meta(means('Other names for the members of the envelope.')),
});

export const INBOX = z.strictObject({
  messages_max: whole(1, 100_000).default(150).meta(means('Largest number of downlinks kept for one subdevice.')),
  age_hours_max: whole(0, AGE_HOURS_MAX).default(24).meta(means('Downlinks older than this expire. 0 = never.')),
  replay_interval_ms: whole(0, 60_000)
    .default(500)
    .meta(means('Pause between two stored downlinks to a subdevice that reconnected.')),
  overflow: z.enum(['drop-oldest', 'drop-newest']).default('drop-oldest').meta(means('Rule when the inbox is full.')),
  hold_ms: whole(0, WAIT_MS_MAX)
    .default(200)
    .meta(means('Longest time a downlink waits in RAM for the subdevice before it is written to disk.')),
  retained_commands: z
    .enum(['once', 'always', 'never'])
    .default('once')
    .meta(
      means(
        'Delivery of messages that the hub retains and sends again after each reconnect. once: one time for each content.',
      ),
    ),
});

/** Events that can write a recording without a command. */
const RECORDING_TRIGGERS = ['store-failed', 'bug', 'hang', 'hub-protocol', 'crc-storm', 'dead-letter'] as const;

/** Flight recorder (`recorder/flight-recorder.ts`). */
export const RECORDER = z.strictObject({
  ring_bytes: whole(0, 64 * MEBIBYTE)
    .default(MEBIBYTE / 4)
    .meta(means('Bytes of RAM for the latest steps, for each link and for the hub connection. 0 = off.')),
  triggers: z
    .array(z.enum(RECORDING_TRIGGERS))
    .max(RECORDING_TRIGGERS.length)
    .default([...RECORDING_TRIGGERS])
    .meta(means('Events that write a recording to state_dir/recordings, each at most once in 10 minutes.')),
  files_max: whole(1, 1000)
    .default(20)
    .meta(means('Largest number of recordings in state_dir/recordings; the oldest are deleted first.')),
  bytes_max: whole(65_536, 1024 * MEBIBYTE)
    .default(16 * MEBIBYTE)
    .meta(means('Largest size of all recordings together, in bytes.')),
});

const DRIVER_NAMES = DRIVERS.map(({ name }) => name);
const LINK_DRIVER_KEYS = joinedKeys(DRIVERS);
export const SUBDEVICE_DRIVER_KEYS: z.ZodRawShape = Object.assign(
  {},
  ...DRIVERS.map(({ subdeviceKeys }) => subdeviceKeys),
);

/** Text of a default that depends on the driver. */
function byDriver(key: 'retryMs' | 'retriesMax'): string {
  return groupedByValue(DRIVERS.map((driver) => [driver.name, driver.retry()[key]]));
}

/** Largest delay of RTS that the kernel accepts, ms (RS485_MAX_RTS_DELAY of its serial_core.c). */
const RTS_DELAY_MS_MAX = 100;

/** Keys of every `[[link]]`. */
export const LINK_KEYS = {
  name: NAME.meta(means('Name of the link, in status and logs.')),
  path: text(
    PORT_NAME,
    'absolute path, usb:vendor:product:serial:interface, by-path:name, tcp://host:port, tls://host:port or rfc2217://host:port',
  )
    .max(4095)
    .meta(
      means(
        'Stable name of the serial port, as `holdfast ports` prints it. Behind a device server in the network: tcp://host:port, tls://host:port or rfc2217://host:port (docs/network-ports.md).',
      ),
    ),
  tls_ca_file: absolutePath()
    .optional()
    .meta(
      means(
        'PEM file with the CA certificates of the device server. With path tls:// only.',
        'CA certificates of the system',
      ),
    ),
  baud_rate: whole(300, 4_000_000).default(115_200).meta(means('Bits per second.')),
  data_bits: whole(7, 8)
    .default(8)
    .transform((bits) => (bits === 7 ? 7 : 8))
    .meta(
      means(
        'Data bits of each byte. 7 for drivers of text only; the adapter must have this mode, or link-down says so.',
      ),
    ),
  parity: z.enum(['none', 'even', 'odd']).default('none').meta(means('Parity bit of each byte.')),
  stop_bits: whole(1, 2)
    .default(1)
    .transform((bits) => (bits === 2 ? 2 : 1))
    .meta(means('Stop bits of each byte.')),
  rs485: z
    .enum(['none', 'rts-on-send', 'rts-after-send'])
    .default('none')
    .meta(
      means(
        'The kernel switches an RS-485 transceiver by RTS: RTS is 1 while sending (rts-on-send) or 0 (rts-after-send). none = the adapter or the board does this. Needs a driver with this mode.',
      ),
    ),
  rs485_before_ms: whole(0, RTS_DELAY_MS_MAX)
    .optional()
    .meta(means('Time from the change of RTS to the first bit. With rs485 only.', '0')),
  rs485_after_ms: whole(0, RTS_DELAY_MS_MAX)
    .optional()
    .meta(means('Time from the last bit to the change of RTS. With rs485 only.', '0')),
  driver: z
    .enum(DRIVER_NAMES)
    .default(DRIVER_NAMES[0] ?? '')
    .meta(means('Protocol of the subdevices.')),
  retry_ms: whole(50, 60_000)
    .optional()
    .meta(means('Pause before an unanswered packet is sent to a subdevice again.', byDriver('retryMs'))),
  retries_max: whole(0, 100)
    .optional()
    .meta(means('Repetitions before a subdevice is considered disconnected.', byDriver('retriesMax'))),
  recovery: z
    .array(z.enum(RECOVERY_STEPS))
    .max(3)
    .default(['reopen'])
    .meta(
      means(
        'Recovery steps, in this order, for a line that is open and does not work. toggle resets most boards; reauthorise replugs the whole USB adapter and needs root.',
      ),
    ),
  hold_ms: whole(0, WAIT_MS_MAX).optional().meta(means('As in [outbox], for this link.', 'outbox.hold_ms')),
  commit_ms: whole(0, WAIT_MS_MAX).optional().meta(means('As in [outbox], for this link.', 'outbox.commit_ms')),
  overflow: OVERFLOW.optional().meta(
    means(
      'As in [outbox], for this link. A line without ack cannot be rejected: for such a link, reject in [outbox] means drop-newest, and reject here is an error.',
      'outbox.overflow',
    ),
  ),
  envelope: ENVELOPE.optional().meta(means('As in [outbox], for this link.', 'outbox.envelope')),
  retain_topics: retainTopics().optional().meta(means('As in [outbox], for this link.', 'outbox.retain_topics')),
  uplink_topic: topicTemplate().meta(means('As in [hub], for the subdevices of this link.', 'hub.uplink_topic')),
  downlink_topic: topicTemplate().meta(means('As in [hub], for the subdevices of this link.', 'hub.downlink_topic')),
  subdevices: z
    .array(NAME)
    .max(10_000)
    .default([])
    .meta(
      means(
        'Ids of the subdevices on this link. Empty = every [[subdevice]] without another link, or the subdevices in the keys of the driver.',
      ),
    ),
};

export const LINK = z.strictObject({ ...LINK_KEYS, ...LINK_DRIVER_KEYS });

/** Keys of every `[[subdevice]]`. */
export const SUBDEVICE_KEYS = {
  id: NAME.meta(means('Id of the subdevice. Driver mqttsn: its client id.')),
  link: NAME.optional().meta(means('Name of the only link that serves the subdevice.')),
  product_id: PRODUCT_ID.optional().meta(means('Product id of the subdevice. Hub profiles only, required there.')),
  device_name: DEVICE_NAME.optional().meta(means('Device name of the subdevice. Hub profiles only, required there.')),
  device_secret_file: absolutePath()
    .optional()
    .meta(means('File with the device secret, readable by its owner only. Required for binding. Hub profiles only.')),
  uplink_topic: topicTemplate().meta(means('As in [hub], for this subdevice.', 'link or hub')),
  downlink_topic: topicTemplate().meta(means('As in [hub], for this subdevice.', 'link or hub')),
  hub_name: text(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, `1 to ${HUB_NAME_MAX} characters, none of them a control character`)
    .max(HUB_NAME_MAX)
    .optional()
    .meta(means('Name of the subdevice in documents on shared topics and in presence messages.', 'id')),
};

export const SUBDEVICE = z.strictObject({ ...SUBDEVICE_KEYS, ...SUBDEVICE_DRIVER_KEYS });

export type GatewaySection = z.output<typeof GATEWAY>;
export type OutboxSection = z.output<typeof OUTBOX>;
export type InboxSection = z.output<typeof INBOX>;
export type RecorderSection = z.output<typeof RECORDER>;
/** Section `[[link]]`. Keys that are not in `LINK_KEYS` belong to the driver, which reads them itself. */
export type LinkSection = z.output<z.ZodObject<typeof LINK_KEYS>> & Readonly<Record<string, unknown>>;
export type SubdeviceSection = z.output<z.ZodObject<typeof SUBDEVICE_KEYS>> & Readonly<Record<string, unknown>>;

/** Sections `[name]`. */
export const TABLES = {
  gateway: GATEWAY,
  hub: HUB,
  outbox: OUTBOX,
  inbox: INBOX,
  recorder: RECORDER,
  web: WEB,
  metrics: METRICS_KEYS,
  telemetry: TELEMETRY,
  remote: REMOTE,
  availability: AVAILABILITY,
  home_assistant: HOME_ASSISTANT,
  firmware: FIRMWARE,
} as const;
/** Sections `[[name]]`. */
export const LISTS = { link: LINK, subdevice: SUBDEVICE, shared_topic: SHARED_TOPIC } as const;
/** Sections `[[list.name]]` within an entry of `[[list]]`. */
export const NESTED_LISTS: Readonly<Record<string, z.ZodType>> = Object.assign(
  {},
  ...DRIVERS.map(({ lists }) => lists),
);
/** Sections `[name.name]` within a section, and `[list.name]` within an entry of `[[list]]`. */
export const NESTED_TABLES: Readonly<Record<string, z.ZodType>> = Object.assign(
  { 'outbox.envelope_names': ENVELOPE_NAMES },
  ...DRIVERS.map(({ tables }) => tables),
);
