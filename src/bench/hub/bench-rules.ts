/**
 * Behaviour of the bench hub: everything that the real hub documents, and a switch for each undocumented point.
 *
 * Four profiles. `mainland` and `intl` are the two published sets of limits of the IoT hub, which differ; `documented`
 * has its sessions without its limits; `generic` is a plain MQTT 3.1.1 hub. Numbers without another source are from the
 * hub's "Use limits" pages. "undocumented" marks a choice of this project; the gateway must also work with the other
 * values.
 */
import { z } from 'zod';

const count = z.int().min(0).max(1e9);
const ms = z.number().min(0).max(1e12);
const hours = z.number().min(0).max(1e6);
const connackCode = z.literal([0, 1, 2, 3, 4, 5]);
const texts = z.array(z.string()).readonly();

/** One row per rule: its type and its meaning, which `holdfast bench-hub --list-rules` prints. */
export const RULES = z.strictObject({
  profile: z.enum(['documented', 'mainland', 'intl', 'generic']).describe('profile that the other values come from'),

  // CONNECT
  connectIntervalMs: ms.describe('shortest time between two CONNECTs of one client id; 0: any'),
  connectTooSoon: z.union([z.literal('close'), connackCode]).describe('answer to an earlier CONNECT; undocumented'),
  keepAliveSMin: count.describe('shortest keep alive, s'),
  keepAliveSMax: count.describe('longest keep alive, s'),
  keepAliveRefusal: z
    .union([z.literal('close'), connackCode])
    .describe('answer to another keep alive; code undocumented'),
  credentials: z
    .record(z.string(), z.base64())
    .transform((secrets): ReadonlyMap<string, string> => new Map(Object.entries(secrets)))
    .optional()
    .describe('client id (product + device) → secret in base64, of all known devices; absent: any client is accepted'),
  wrongPasswordCode: z.literal([3, 4]).describe('answer to a wrong or expired password; the documents name both'),
  wills: z.enum(['ignored', 'published', 'close']).describe('handling of a will; reaction undocumented'),

  // PUBLISH
  uplinksPerS: count.describe('PUBLISHes per second from one device; 0: no limit'),
  uplinkOverRate: z.enum(['dropped', 'close']).describe('handling of a PUBLISH above that rate; undocumented'),
  downlinksPerS: count.describe('live messages per second to one device; 0: no limit'),
  downlinkOverRate: z
    .enum(['stored', 'lost'])
    .describe('handling of a message above that rate (QoS 0 is lost); undocumented'),
  payloadBytesMax: count.describe('larger payloads get no PUBACK'),
  topicBytesMax: count.describe('longer topics get no PUBACK, longer filters 0x80'),
  topicSlashesMax: count.describe('the same for topics with more slashes'),
  mutedTopics: texts.describe('filters of topics that never get a PUBACK'),
  qos2: z.enum(['close', 'ignored', 'downgraded']).describe('reaction to a QoS 2 PUBLISH; undocumented'),
  retain: z
    .enum(['ignored', 'kept', 'close'])
    .describe(
      'effect of RETAIN: none, or the last message of a topic is kept for later subscribers; reaction undocumented',
    ),
  routing: z.enum(['application only', 'other devices too']).describe('receivers of the messages of a device'),
  ownPublishes: z
    .enum(['echoed', 'not echoed'])
    .describe('whether a subscribed device receives its own messages; with "other devices too"'),
  republications: z
    .array(z.strictObject({ filter: z.string(), topic: z.string().exactOptional() }))
    .readonly()
    .describe(
      'rule engine: a matching message is sent to `topic` (or back to its own), JSON with sorted keys, no whitespace',
    ),

  // SUBSCRIBE
  filtersPerSubscribeMax: count.describe('filters beyond this in one SUBSCRIBE get 0x80'),
  subscriptionsMax: count.describe('filters beyond this of one session get 0x80'),
  subscribeDelayMs: ms.describe('delay of a subscription after its SUBACK; documented: "within 5 s"'),
  forbiddenFilters: texts.describe('patterns of filters that get 0x80'),

  // Permissions
  permissions: z
    .enum(['unchecked', 'checked'])
    .describe("whether the permissions of products and the hub's rules for wildcards are checked"),
  customTopics: z
    .array(z.strictObject({ product: z.string(), topic: z.string(), right: z.enum(['publish', 'subscribe', 'both']) }))
    .readonly()
    .describe('topics of a product besides control, event, data and the system topics; levels may be +'),
  subdevicePermissions: z
    .enum(['own', 'gateway too'])
    .describe('product whose list must contain the topic of a subdevice; the documents disagree'),
  offlineSubdevices: z
    .enum(['refused', 'served'])
    .describe('whether a gateway may use the topics of an offline subdevice; with checked permissions; undocumented'),

  // Session
  replayIntervalMs: ms.describe('interval between two stored messages after a resume'),
  replayPacing: z.enum(['send', 'acknowledgement']).describe('start of that interval; undocumented'),
  replayStallMsMax: ms.describe('with "acknowledgement": longest wait for a missing PUBACK; undocumented'),
  liveMessages: z
    .enum(['behind replay', 'interleaved'])
    .describe('new messages while stored messages are sent; undocumented'),
  unacknowledged: z
    .enum(['at once', 'paced', 'after stored'])
    .describe('time at which unacknowledged messages are sent again after a resume; undocumented'),
  resentAs: z
    .enum(['duplicates', 'without DUP', 'new messages'])
    .describe('form of these messages: same identifier and DUP, same identifier, or a new one; undocumented'),
  retransmitMs: ms.describe('time without PUBACK after which a message is sent again within the connection; 0: never'),
  storedMax: count.describe('QoS 1 messages stored per device'),
  storedMaxCounts: z
    .enum(['stored', 'stored and unacknowledged'])
    .describe('messages that count against storedMax; undocumented'),
  storedHoursMax: hours.describe('age at which a stored message expires'),
  storedAgeFrom: z.enum(['arrival', 'disconnection']).describe('start of that age; undocumented'),
  overflow: z.enum(['oldest', 'newest']).describe('message that is dropped when the store is full; undocumented'),
  sessionHoursMax: hours.describe('longest time without a connection before a session ends'),
  cleanTakeover: z
    .enum(['wipes', 'spares'])
    .describe(
      'whether a CONNECT with clean session that takes over a connection ends its lasting session; undocumented',
    ),
  inFlightMax: z.int().min(1).max(60_000).describe('QoS 1 messages to one device without a PUBACK'),

  // Gateways
  gatewayOperations: z.boolean().describe('whether $gateway/operation/… is served'),
  subdevicesPerGatewayMax: count.describe('beyond this: bind 808, online -2 (the codes are our interpretation)'),
  subdevicesOfflineOnGatewayLoss: z
    .boolean()
    .describe('whether subdevices go offline with their gateway; undocumented'),
  bindings: z
    .enum(['ignored', 'required'])
    .describe('whether a subdevice must be bound to be online; "ignored" does not answer describe_sub_devices either'),
  associations: z
    .array(z.strictObject({ gateway: z.string(), subdevice: z.string() }))
    .readonly()
    .describe('pairs of products that may be bound; none: any'),
  bindSignatureS: count.describe('age of the timestamp in a bind signature at which it gets 805; undocumented'),
  repeatBindResult: z.literal([0, 809]).describe('result of a bind that exists already'),
  repeatOnlineResult: z.literal([0, -2, 808]).describe('result of online for an online subdevice; undocumented'),
  unbindUnboundResult: z.literal([-1, 0]).describe('result of unbind without a binding; undocumented'),
  unbindResultType: z.enum(['unbind', 'bind']).describe('type of an unbind result; one document has bind'),
  batch: z
    .enum(['all', 'first only', 'refused'])
    .describe('a request with several devices: all served, the first only, or 801 for each; undocumented'),
  describeTooLong: z
    .enum(['truncated', 'unanswered'])
    .describe('describe_sub_devices beyond payloadBytesMax; undocumented'),
});

export type HubRules = Readonly<z.output<typeof RULES>>;

const HOUR_MS = 3_600_000;

/** Mainland limits (page 634/15241). These are the tighter limits, so tests run with this profile. */
export const MAINLAND: HubRules = {
  profile: 'mainland',
  connectIntervalMs: 5000,
  connectTooSoon: 'close',
  keepAliveSMin: 60,
  keepAliveSMax: 850,
  keepAliveRefusal: 3,
  credentials: undefined,
  wrongPasswordCode: 4,
  wills: 'ignored',
  uplinksPerS: 20,
  uplinkOverRate: 'dropped',
  downlinksPerS: 20,
  downlinkOverRate: 'stored',
  payloadBytesMax: 16 * 1024,
  topicBytesMax: 255,
  topicSlashesMax: 6,
  mutedTopics: [],
  qos2: 'close',
  retain: 'ignored',
  routing: 'application only',
  ownPublishes: 'not echoed',
  republications: [],
  filtersPerSubscribeMax: 1,
  subscriptionsMax: 100,
  subscribeDelayMs: 0,
  forbiddenFilters: [],
  permissions: 'unchecked',
  customTopics: [],
  subdevicePermissions: 'own',
  offlineSubdevices: 'refused',
  replayIntervalMs: 500, // "Persistent session"
  replayPacing: 'send',
  replayStallMsMax: 24 * HOUR_MS,
  liveMessages: 'behind replay',
  unacknowledged: 'at once',
  resentAs: 'duplicates', // [MQTT-4.4.0-1]
  retransmitMs: 0,
  storedMax: 150,
  storedMaxCounts: 'stored',
  storedHoursMax: 24,
  storedAgeFrom: 'arrival',
  overflow: 'oldest',
  sessionHoursMax: 24,
  cleanTakeover: 'wipes', // [MQTT-3.1.2-6]
  inFlightMax: 50, // the 2018 limits page; later ones do not mention it
  gatewayOperations: true,
  subdevicesPerGatewayMax: 500,
  subdevicesOfflineOnGatewayLoss: true,
  bindings: 'ignored',
  associations: [],
  bindSignatureS: 300, // our choice
  repeatBindResult: 809,
  repeatOnlineResult: 0,
  unbindUnboundResult: -1,
  unbindResultType: 'unbind',
  batch: 'all',
  describeTooLong: 'truncated',
};

/** International limits (page 1105/41464). */
export const INTL: HubRules = {
  ...MAINLAND,
  profile: 'intl',
  keepAliveSMin: 0,
  keepAliveSMax: 900,
  uplinksPerS: 30,
  downlinksPerS: 50,
  topicSlashesMax: 10,
  subscriptionsMax: 10_000, // "unlimited"; our choice, so that the number is bounded
  subdevicesPerGatewayMax: 1500,
};

/**
 * Any MQTT 3.1.1 hub. If mosquitto has a default for a rule, the value is that default: 1000 messages queued, 20 in
 * flight.
 */
export const GENERIC: HubRules = {
  ...INTL,
  profile: 'generic',
  replayIntervalMs: 0,
  storedMax: 1000,
  storedHoursMax: Number.POSITIVE_INFINITY,
  sessionHoursMax: Number.POSITIVE_INFINITY,
  inFlightMax: 20,
  connectIntervalMs: 0,
  keepAliveSMax: 65_535,
  uplinksPerS: 0,
  downlinksPerS: 0,
  payloadBytesMax: 60 * 1024, // below the reader's limit for one packet
  topicBytesMax: 65_535,
  topicSlashesMax: 65_535,
  filtersPerSubscribeMax: 1000,
  routing: 'other devices too',
  ownPublishes: 'echoed', // [MQTT-3.3.5-1]: to every client with a matching subscription
  wills: 'published',
  retain: 'kept', // [MQTT-3.3.1-5]
  gatewayOperations: false,
};

/**
 * Sessions, storage and delivery of stored messages as the hub documents them, without its limits on rates and
 * connections. Other clients are served like devices. For manual experiments.
 */
const DOCUMENTED: HubRules = {
  ...GENERIC,
  profile: 'documented',
  replayIntervalMs: MAINLAND.replayIntervalMs,
  storedMax: MAINLAND.storedMax,
  storedHoursMax: MAINLAND.storedHoursMax,
  sessionHoursMax: MAINLAND.sessionHoursMax,
  inFlightMax: MAINLAND.inFlightMax,
  ownPublishes: MAINLAND.ownPublishes,
  wills: MAINLAND.wills,
  retain: MAINLAND.retain,
  gatewayOperations: true,
};

export const PROFILES: Readonly<Record<HubRules['profile'], HubRules>> = {
  documented: DOCUMENTED,
  mainland: MAINLAND,
  intl: INTL,
  generic: GENERIC,
};
