/**
 * Table of all keys of the configuration file: type, range, default and meaning (TLS keys: `tls-keys.ts`).
 * `sections.ts` reads a file by this table, `reference.ts` prints the table, and hints of problems quote it. Rules
 * across keys are in `rules.ts`; defaults that depend on the profile are in `profiles.ts`.
 */
import { z } from 'zod';
import { PORT_NAME } from '../base/serial-port.ts';
import { DRIVERS } from '../driver/drivers.ts';
import { DEFAULT_CONTROL_SOCKET, DEFAULT_STATE_DIR } from './default-places.ts';
import { byProfile, groupedByValue } from './hub/profiles.ts';
import { TLS_KEYS } from './hub/tls-keys.ts';
import { absolutePath, means, NAME, text, whole } from './kinds/key-kinds.ts';
import { RECORDER } from './recorder-keys.ts';

/** A sockaddr_un has 108 bytes with the final NUL (unix(7)); the path of the second socket is 11 bytes longer. */
const SOCKET_PATH_BYTES_MAX = 96;
const HOUR_MS = 3_600_000;
/** Ten years: a longer age is a typing error. */
const AGE_HOURS_MAX = 87_600;
/** An MQTT-SN client gives up on an acknowledgement after T_retry 10 to 15 s (MQTT-SN 1.2 §7.2). */
const WAIT_MS_MAX = 10_000;

/** Limits of the vendor's C SDK: product id 10 characters, device name at most 48. */
const PRODUCT_ID = text(/^[A-Za-z0-9]{10}$/, '10 letters or digits');
const DEVICE_NAME = text(/^[A-Za-z0-9:_-]{1,48}$/, '1 to 48 letters, digits, :, - or _');
const HOST = text(/^[\x21-\x7e]{1,253}$/, 'host name or address, without scheme and port');
const CLIENT_ID = text(/^[\x21-\x7e]{1,128}$/, '1 to 128 printable characters, no spaces');
const OVERFLOW = z.enum(['reject', 'drop-oldest', 'drop-newest', 'keep-latest']);

const NO = z.boolean().default(false);

export const GATEWAY = z.strictObject({
  name: NAME.meta(means('Name of this gateway, used in topics and as the client id.')),
  state_dir: absolutePath()
    .default(DEFAULT_STATE_DIR)
    .meta(means('Directory of the store, used by this gateway only.')),
  allow_volatile_store: z
    .boolean()
    .default(false)
    .meta(
      means('Start even if state_dir is in RAM (tmpfs, overlay on tmpfs, zram): a power cut then loses all messages.'),
    ),
  control_socket: absolutePath(SOCKET_PATH_BYTES_MAX)
    .default(DEFAULT_CONTROL_SOCKET)
    .meta(
      means(
        'Unix socket for commands that read, such as `holdfast status`. Commands that change something use `…-admin.sock` beside it.',
      ),
    ),
  log_level: z
    .enum(['debug', 'info', 'warn', 'error'])
    .default('info')
    .meta(means('Lowest level of lines that are logged.')),
  log_format: z.enum(['text', 'json']).default('text').meta(means('Format of log lines.')),
  accept_unknown_subdevices: NO.meta(means('Serve subdevices without a [[subdevice]]. Profile generic only.')),
});

export const HUB = z.strictObject({
  profile: z
    .enum(['generic', 'intl', 'mainland'])
    .meta(means('Type of hub: any MQTT 3.1.1 broker, or the IoT hub with its international or mainland limits.')),
  host: HOST.meta(means('Host name or address of the hub.')),
  port: whole(1, 65_535).optional().meta(means('TCP port of the hub.', '1883, with TLS 8883')),
  ...TLS_KEYS,
  product_id: PRODUCT_ID.optional().meta(means('Product id of the gateway. Hub profiles only, required there.')),
  device_name: DEVICE_NAME.optional().meta(means('Device name of the gateway. Hub profiles only, required there.')),
  device_secret_file: absolutePath()
    .optional()
    .meta(means('File with the device secret. Hub profiles only, required there without tls_certificate_file.')),
  sign_method: z
    .enum(['hmacsha256', 'hmacsha1'])
    .optional()
    .meta(means('Algorithm that signs the password. Hub profiles only.', '"hmacsha256"')),
  bind: z
    .enum(['manual', 'auto'])
    .optional()
    .meta(
      means(
        'Binding of subdevices at the hub. manual: by a technician with `holdfast hub bind`. auto: by the gateway, for subdevices with a device_secret_file. Hub profiles only.',
        '"manual"',
      ),
    ),
  operations_batch_max: whole(1, 500)
    .optional()
    .meta(means('Largest number of subdevices in one request to the hub. Hub profiles only.', '64')),
  client_id: CLIENT_ID.optional().meta(
    means(
      'MQTT client id. Profile generic only; with hub profiles it is product_id followed by device_name.',
      'gateway.name',
    ),
  ),
  username: z.string().min(1).max(256).optional().meta(means('MQTT user name. Profile generic only.')),
  password_file: absolutePath()
    .optional()
    .meta(means('File with the MQTT password, readable by its owner only. Profile generic only.')),
  topic_template: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .meta(means('Topic at the hub for a topic of a subdevice. Ends in {topic}.', byProfile('topicTemplate'))),
  retain: NO.meta(
    means('true: send RETAIN of a PUBLISH or will to the hub. false: send it without RETAIN. Profile generic only.'),
  ),
  keep_alive_s: whole(0, 65_535)
    .optional()
    .meta(means('MQTT keep alive. Hub profiles: 60 to 690; generic: 0 = off.', byProfile('keepAliveS'))),
  connect_ms_max: whole(100, 120_000)
    .default(10_000)
    .meta(means('Longest time from opening the connection to CONNACK.')),
  puback_ms_max: whole(100, 600_000)
    .default(10_000)
    .meta(means('Longest wait for a PUBACK before the gateway tests the connection and sends the message again.')),
  attempts_max: whole(1, 1000)
    .default(3)
    .meta(means('Attempts to send one message without PUBACK before it becomes a dead letter.')),
  in_flight_max: whole(1, 65_535)
    .default(32)
    .meta(means('Largest number of publishes in flight (waiting for PUBACK), and four more for alarms.')),
  messages_per_s: whole(0, 1_000_000)
    .optional()
    .meta(means('Highest rate of all publishes. 0 = no limit.', byProfile('messagesPerS'))),
  payload_bytes_max: whole(64, 1_048_576)
    .optional()
    .meta(means('Largest payload that the hub accepts, in bytes.', byProfile('payloadBytesMax'))),
  topic_bytes_max: whole(16, 65_535)
    .optional()
    .meta(means('Longest topic that the hub accepts, in bytes of UTF-8.', byProfile('topicBytesMax'))),
  topic_slashes_max: whole(0, 1000)
    .optional()
    .meta(means('Largest number of slashes in a topic at the hub. 0 = no limit.', byProfile('topicSlashesMax'))),
  reconnect_floor_ms: whole(100, HOUR_MS)
    .optional()
    .meta(means('Shortest pause between two connections.', byProfile('reconnectFloorMs'))),
  reconnect_ceiling_ms: whole(100, HOUR_MS).default(60_000).meta(means('Longest pause between two connections.')),
  subscriptions_max: whole(0, 1_000_000)
    .optional()
    .meta(means('Largest number of filters of one connection. 0 = no limit.', byProfile('subscriptionsMax'))),
  resync_topic: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .meta(means('Topic at the hub to which the gateway publishes that downlinks may be missing.', 'none: no message')),
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

const DRIVER_NAMES = DRIVERS.map(({ name }) => name);
const LINK_DRIVER_KEYS: z.ZodRawShape = Object.assign({}, ...DRIVERS.map(({ keys }) => keys));
const SUBDEVICE_DRIVER_KEYS: z.ZodRawShape = Object.assign({}, ...DRIVERS.map(({ subdeviceKeys }) => subdeviceKeys));

/** Text of a default that depends on the driver. */
function byDriver(key: 'retryMs' | 'retriesMax'): string {
  return groupedByValue(DRIVERS.map(({ name, retry }) => [name, retry[key]]));
}

const LINK_KEYS = {
  name: NAME.meta(means('Name of the link, in status and logs.')),
  path: text(PORT_NAME, 'absolute path, usb:vendor:product:serial:interface or by-path:name')
    .max(4095)
    .meta(means('Stable name of the serial port, as `holdfast ports` prints it.')),
  baud_rate: whole(1200, 4_000_000).default(115_200).meta(means('Bits per second.')),
  parity: z.enum(['none', 'even', 'odd']).default('none').meta(means('Parity bit of each byte.')),
  stop_bits: whole(1, 2).default(1).meta(means('Stop bits of each byte.')),
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
    .array(z.enum(['reopen', 'toggle', 'reauthorise']))
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

const SUBDEVICE_KEYS = {
  id: NAME.meta(means('Id of the subdevice. Driver mqttsn: its client id.')),
  link: NAME.optional().meta(means('Name of the only link that serves the subdevice.')),
  product_id: PRODUCT_ID.optional().meta(means('Product id of the subdevice. Hub profiles only, required there.')),
  device_name: DEVICE_NAME.optional().meta(means('Device name of the subdevice. Hub profiles only, required there.')),
  device_secret_file: absolutePath()
    .optional()
    .meta(means('File with the device secret, readable by its owner only. Required for binding. Hub profiles only.')),
};

export const SUBDEVICE = z.strictObject({ ...SUBDEVICE_KEYS, ...SUBDEVICE_DRIVER_KEYS });

export type GatewaySection = z.output<typeof GATEWAY>;
export type HubSection = z.output<typeof HUB>;
export type OutboxSection = z.output<typeof OUTBOX>;
export type InboxSection = z.output<typeof INBOX>;
/** Section with the keys of its driver; only the driver reads those. */
export type LinkSection = z.output<z.ZodObject<typeof LINK_KEYS>> & Readonly<Record<string, unknown>>;
export type SubdeviceSection = z.output<z.ZodObject<typeof SUBDEVICE_KEYS>> & Readonly<Record<string, unknown>>;

/** Sections `[name]`. */
export const TABLES = { gateway: GATEWAY, hub: HUB, outbox: OUTBOX, inbox: INBOX, recorder: RECORDER } as const;
/** Sections `[[name]]`. */
export const LISTS = { link: LINK, subdevice: SUBDEVICE } as const;
/** Sections `[[list.name]]` within an entry of `[[list]]`. */
export const NESTED_LISTS: Readonly<Record<string, z.ZodType>> = Object.assign(
  {},
  ...DRIVERS.map(({ lists }) => lists),
);
/** Sections `[list.name]` within an entry of `[[list]]`. */
export const NESTED_TABLES: Readonly<Record<string, z.ZodType>> = Object.assign(
  {},
  ...DRIVERS.map(({ tables }) => tables),
);
