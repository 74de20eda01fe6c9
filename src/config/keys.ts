/**
 * Every key of the configuration file: its type, its range, its default and what it means (those of TLS: `tls-keys.ts`).
 * `sections.ts` reads a file by it, `reference.ts` prints it, and the hints of problems quote it. What depends on more than
 * one key is in `rules.ts`; what depends on the profile, in `profiles.ts`.
 */
import { z } from 'zod';
import { PORT_NAME } from '../base/serial-port.ts';
import { DRIVERS } from '../driver/drivers.ts';
import { DEFAULT_CONTROL_SOCKET, DEFAULT_STATE_DIR } from './default-places.ts';
import { byProfile, inWords } from './hub/profiles.ts';
import { TLS_KEYS } from './hub/tls-keys.ts';
import { absolutePath, means, NAME, text, whole } from './kinds/key-kinds.ts';
import { RECORDER } from './recorder-keys.ts';

/** A sockaddr_un has 108 bytes with its final NUL (unix(7)); the administrative socket's name is 11 bytes longer. */
const SOCKET_PATH_BYTES_MAX = 96;
const HOUR_MS = 3_600_000;
/** Ten years: an age beyond it is a slip of the pen. */
const AGE_HOURS_MAX = 87_600;
/** An MQTT-SN client gives up on an acknowledgement after T_retry 10 to 15 s (MQTT-SN 1.2 §7.2). */
const WAIT_MS_MAX = 10_000;

/** hub-contract §1.4 (C headers): product id 10 characters, device name at most 48. */
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
    .meta(means('Least important line that is logged.')),
  log_format: z.enum(['text', 'json']).default('text').meta(means('Lines for people or for machines.')),
  accept_unknown_subdevices: NO.meta(means('Serve subdevices that have no [[subdevice]]. Profile generic only.')),
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
    .meta(means('How the password is signed. Hub profiles only.', '"hmacsha256"')),
  bind: z
    .enum(['manual', 'auto'])
    .optional()
    .meta(
      means(
        'Binding of unbound subdevices: by a technician (`holdfast hub bind`), or by the gateway for those with a device_secret_file. Hub profiles only.',
        '"manual"',
      ),
    ),
  operations_batch_max: whole(1, 500)
    .optional()
    .meta(means('Most subdevices in one request to the hub. Hub profiles only.', '64')),
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
    .meta(means('Topic at the hub of a subdevice’s topic. Ends in {topic}.', byProfile('topicTemplate'))),
  retain: NO.meta(
    means('Pass RETAIN of a subdevice’s PUBLISH or will on to the hub; false: leave it out. Profile generic only.'),
  ),
  keep_alive_s: whole(0, 65_535)
    .optional()
    .meta(means('Keep alive. Hub profiles: 60 to 690; generic: 0 = none.', byProfile('keepAliveS'))),
  connect_ms_max: whole(100, 120_000)
    .default(10_000)
    .meta(means('Longest time from opening the connection to CONNACK.')),
  puback_ms_max: whole(100, 600_000)
    .default(10_000)
    .meta(means('Longest wait for a PUBACK before the connection is doubted.')),
  attempts_max: whole(1, 1000)
    .default(3)
    .meta(means('Attempts to send one message without PUBACK before it becomes a dead letter.')),
  in_flight_max: whole(1, 65_535)
    .default(32)
    .meta(means('Most publishes in flight (waiting for PUBACK); four more for alarms.')),
  messages_per_s: whole(0, 1_000_000)
    .optional()
    .meta(means('Highest rate of all publishes. 0 = no limit.', byProfile('messagesPerS'))),
  payload_bytes_max: whole(64, 1_048_576)
    .optional()
    .meta(means('Largest payload the hub takes.', byProfile('payloadBytesMax'))),
  topic_bytes_max: whole(16, 65_535)
    .optional()
    .meta(means('Longest topic the hub takes, in bytes of UTF-8.', byProfile('topicBytesMax'))),
  topic_slashes_max: whole(0, 1000)
    .optional()
    .meta(means('Most slashes in a topic the hub takes. 0 = no limit.', byProfile('topicSlashesMax'))),
  reconnect_floor_ms: whole(100, HOUR_MS)
    .optional()
    .meta(means('Shortest pause between two connections.', byProfile('reconnectFloorMs'))),
  reconnect_ceiling_ms: whole(100, HOUR_MS).default(60_000).meta(means('Longest pause between two connections.')),
  subscriptions_max: whole(0, 1_000_000)
    .optional()
    .meta(means('Filters the hub allows one connection. 0 = no limit.', byProfile('subscriptionsMax'))),
  resync_topic: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .meta(means('Topic at the hub to which the gateway publishes that downlinks may be missing.', 'none: no message')),
});

export const OUTBOX = z.strictObject({
  messages_max: whole(1, 1_000_000_000).default(1_000_000).meta(means('Most uplinks in custody.')),
  bytes_max: whole(65_536, 2 ** 40)
    .default(536_870_912)
    .meta(
      means(
        'Most bytes of uplinks in custody, overhead included. The disk needs up to 1.4 times as many, and 16 MB besides.',
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
    .meta(means('Filters on the subdevices’ own topics, e.g. ["alarm", "+/alarm"]. What matches (QoS 1) goes first.')),
  live_share: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .meta(means('While a backlog drains: least part of the hub’s ceiling for new messages of subdevices without one.')),
  hold_ms: whole(0, WAIT_MS_MAX)
    .default(200)
    .meta(means('Longest time an uplink waits in RAM for the PUBACK of the hub before it is written to disk.')),
  commit_ms: whole(0, WAIT_MS_MAX)
    .default(100)
    .meta(means('Delay of a commit so that more messages share it. A longer delay causes less flash wear.')),
});

export const INBOX = z.strictObject({
  messages_max: whole(1, 100_000).default(150).meta(means('Most downlinks kept for one subdevice.')),
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
        'Messages that the hub retains, which it sends again after each reconnect: delivered once for each content, always, or never.',
      ),
    ),
});

const DRIVER_NAMES = DRIVERS.map(({ name }) => name);
const LINK_DRIVER_KEYS: z.ZodRawShape = Object.assign({}, ...DRIVERS.map(({ keys }) => keys));
const SUBDEVICE_DRIVER_KEYS: z.ZodRawShape = Object.assign({}, ...DRIVERS.map(({ subdeviceKeys }) => subdeviceKeys));

/** A default in words, where the driver decides. */
function byDriver(key: 'retryMs' | 'retriesMax'): string {
  return inWords(DRIVERS.map(({ name, retry }) => [name, retry[key]]));
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
    .meta(means('Repetitions before a subdevice counts as gone.', byDriver('retriesMax'))),
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
      'As in [outbox], for this link. A line without ack cannot be refused: there reject of [outbox] means drop-newest, and reject here is an error.',
      'outbox.overflow',
    ),
  ),
  subdevices: z
    .array(NAME)
    .max(10_000)
    .default([])
    .meta(
      means(
        'Ids of the subdevices served here. Empty = every [[subdevice]] not tied to another link, or those that the driver’s own keys name.',
      ),
    ),
};

export const LINK = z.strictObject({ ...LINK_KEYS, ...LINK_DRIVER_KEYS });

const SUBDEVICE_KEYS = {
  id: NAME.meta(means('Its MQTT-SN client id.')),
  link: NAME.optional().meta(means('Served on this link only.')),
  product_id: PRODUCT_ID.optional().meta(means('Its product id. Hub profiles only, required there.')),
  device_name: DEVICE_NAME.optional().meta(means('Its device name. Hub profiles only, required there.')),
  device_secret_file: absolutePath()
    .optional()
    .meta(means('File with its device secret, readable by its owner only: needed to bind it. Hub profiles only.')),
};

export const SUBDEVICE = z.strictObject({ ...SUBDEVICE_KEYS, ...SUBDEVICE_DRIVER_KEYS });

export type GatewaySection = z.output<typeof GATEWAY>;
export type HubSection = z.output<typeof HUB>;
export type OutboxSection = z.output<typeof OUTBOX>;
export type InboxSection = z.output<typeof INBOX>;
/** Keys of the driver included, which only the driver reads. */
export type LinkSection = z.output<z.ZodObject<typeof LINK_KEYS>> & Readonly<Record<string, unknown>>;
export type SubdeviceSection = z.output<z.ZodObject<typeof SUBDEVICE_KEYS>> & Readonly<Record<string, unknown>>;

/** `[name]` */
export const TABLES = { gateway: GATEWAY, hub: HUB, outbox: OUTBOX, inbox: INBOX, recorder: RECORDER } as const;
/** `[[name]]` */
export const LISTS = { link: LINK, subdevice: SUBDEVICE } as const;
/** `[[name]]` within the one that its name begins with. */
export const NESTED_LISTS: Readonly<Record<string, z.ZodType>> = Object.assign(
  {},
  ...DRIVERS.map(({ lists }) => lists),
);
/** `[name]` within the list that its name begins with. */
export const NESTED_TABLES: Readonly<Record<string, z.ZodType>> = Object.assign(
  {},
  ...DRIVERS.map(({ tables }) => tables),
);
