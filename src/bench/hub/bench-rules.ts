/**
 * How the bench hub behaves: everything the real hub documents, and a switch wherever it does not say.
 *
 * Four profiles. `mainland` and `intl` are the two published sets of limits of the IoT hub, which disagree; `documented`
 * is its sessions without its limits; `generic` is a plain MQTT 3.1.1 hub. Numbers without another source are from the
 * hub's "Use limits" pages; "undocumented" marks our choice, and the gateway must survive the others too.
 */
import { z } from 'zod';

const count = z.int().min(0).max(1e9);
const ms = z.number().min(0).max(1e12);
const hours = z.number().min(0).max(1e6);
const connackCode = z.literal([0, 1, 2, 3, 4, 5]);
const texts = z.array(z.string()).readonly();

/** One row per rule: its shape and its meaning, which `holdfast bench-hub --list-rules` prints. */
export const RULES = z.strictObject({
  profile: z.enum(['documented', 'mainland', 'intl', 'generic']).describe('what the rest was taken from'),

  // CONNECT
  connectIntervalMs: ms.describe('shortest time between two CONNECTs of one client id; 0: any'),
  connectTooSoon: z.union([z.literal('close'), connackCode]).describe('answer to one that is sooner; undocumented'),
  keepAliveSMin: count.describe('shortest keep alive, s'),
  keepAliveSMax: count.describe('longest keep alive, s'),
  keepAliveRefusal: z.union([z.literal('close'), connackCode]).describe('answer to another one; code undocumented'),
  credentials: z
    .record(z.string(), z.base64())
    .transform((secrets): ReadonlyMap<string, string> => new Map(Object.entries(secrets)))
    .optional()
    .describe('client id (product + device) → secret in base64, of all devices there are; without: anybody gets in'),
  wrongPasswordCode: z.literal([3, 4]).describe('answer to a wrong or expired password; the documents say both'),
  wills: z.enum(['ignored', 'published', 'close']).describe('what a will does; reaction undocumented'),

  // PUBLISH
  uplinksPerS: count.describe('PUBLISHes per second from one device; 0: any number'),
  uplinkOverRate: z.enum(['dropped', 'close']).describe('what becomes of one above that rate; undocumented'),
  downlinksPerS: count.describe('live messages per second to one device; 0: any number'),
  downlinkOverRate: z
    .enum(['stored', 'lost'])
    .describe('what becomes of one above that rate (QoS 0 is lost); undocumented'),
  payloadBytesMax: count.describe('larger payloads get no PUBACK'),
  topicBytesMax: count.describe('longer topics get no PUBACK, longer filters 0x80'),
  topicSlashesMax: count.describe('the same for topics with more slashes'),
  mutedTopics: texts.describe('filters of topics that get no PUBACK ever'),
  qos2: z.enum(['close', 'ignored', 'downgraded']).describe('reaction to a QoS 2 PUBLISH; undocumented'),
  retain: z
    .enum(['ignored', 'kept', 'close'])
    .describe(
      'what RETAIN does: nothing, the last message of a topic is kept for later subscribers; reaction undocumented',
    ),
  routing: z.enum(['application only', 'other devices too']).describe('who hears what a device publishes'),
  ownPublishes: z
    .enum(['echoed', 'not echoed'])
    .describe('does a device get what it publishes itself, if it is subscribed? With "other devices too"'),
  republications: z
    .array(z.strictObject({ filter: z.string(), topic: z.string().exactOptional() }))
    .readonly()
    .describe(
      'rule engine: what matches is sent to `topic` (or back to its own), JSON with sorted keys, no whitespace',
    ),

  // SUBSCRIBE
  filtersPerSubscribeMax: count.describe('filters beyond this in one SUBSCRIBE get 0x80'),
  subscriptionsMax: count.describe('filters beyond this of one session get 0x80'),
  subscribeDelayMs: ms.describe('a subscription takes effect so much after its SUBACK; documented: "within 5 s"'),
  forbiddenFilters: texts.describe('patterns of filters that get 0x80'),

  // Who may use which topic
  permissions: z
    .enum(['unchecked', 'checked'])
    .describe("are the permissions of products kept, and the hub's rules for wildcards?"),
  customTopics: z
    .array(z.strictObject({ product: z.string(), topic: z.string(), right: z.enum(['publish', 'subscribe', 'both']) }))
    .readonly()
    .describe('what a product may use besides control, event, data and the system topics; levels may be +'),
  subdevicePermissions: z
    .enum(['own', 'gateway too'])
    .describe('whose list must hold the topic of a subdevice; the documents disagree'),
  offlineSubdevices: z
    .enum(['refused', 'served'])
    .describe('may a gateway use the topics of a subdevice that is not online? With checked permissions; undocumented'),

  // Session
  replayIntervalMs: ms.describe('between two stored messages after a resume'),
  replayPacing: z.enum(['send', 'acknowledgement']).describe('what that interval counts from; undocumented'),
  replayStallMsMax: ms.describe('with "acknowledgement": how long a missing PUBACK stalls the rest; undocumented'),
  liveMessages: z.enum(['behind replay', 'interleaved']).describe('new messages during a replay; undocumented'),
  unacknowledged: z
    .enum(['at once', 'paced', 'after stored'])
    .describe('when unacknowledged messages go again after a resume; undocumented'),
  resentAs: z
    .enum(['duplicates', 'without DUP', 'new messages'])
    .describe('how they look: same identifier and DUP, same identifier, or a fresh one; undocumented'),
  retransmitMs: ms.describe('a message without PUBACK for so long goes again within the connection; 0: never'),
  storedMax: count.describe('QoS 1 messages stored per device'),
  storedMaxCounts: z
    .enum(['stored', 'stored and unacknowledged'])
    .describe('what counts against storedMax; undocumented'),
  storedHoursMax: hours.describe('age at which a stored message is gone'),
  storedAgeFrom: z.enum(['arrival', 'disconnection']).describe('where that age begins; undocumented'),
  overflow: z.enum(['oldest', 'newest']).describe('which message goes when the store is full; undocumented'),
  sessionHoursMax: hours.describe('a session ends after more than this long without a connection'),
  cleanTakeover: z
    .enum(['wipes', 'spares'])
    .describe('does a CONNECT with clean session that kicks out a connection end its lasting session? undocumented'),
  inFlightMax: z.int().min(1).max(60_000).describe('QoS 1 messages to one device without a PUBACK'),

  // Gateways
  gatewayOperations: z.boolean().describe('is $gateway/operation/… served?'),
  subdevicesPerGatewayMax: count.describe('beyond: bind 808, online -2 (the codes are our reading)'),
  subdevicesOfflineOnGatewayLoss: z.boolean().describe('do subdevices go offline with their gateway? undocumented'),
  bindings: z
    .enum(['ignored', 'required'])
    .describe('must a subdevice be bound to be online? "ignored" does not answer describe_sub_devices either'),
  associations: z
    .array(z.strictObject({ gateway: z.string(), subdevice: z.string() }))
    .readonly()
    .describe('pairs of products that may be bound; none: any'),
  bindSignatureS: count.describe('age of the timestamp in a bind signature at which it gets 805; undocumented'),
  repeatBindResult: z.literal([0, 809]).describe('bind of what is bound to this gateway'),
  repeatOnlineResult: z.literal([0, -2, 808]).describe('online of what is online; undocumented'),
  unbindUnboundResult: z.literal([-1, 0]).describe('unbind of what is not bound; undocumented'),
  unbindResultType: z.enum(['unbind', 'bind']).describe('the type of an unbind result; one document says bind'),
  batch: z
    .enum(['all', 'first only', 'refused'])
    .describe('a request with several devices: all served, the first only, or 801 for each; undocumented'),
  describeTooLong: z
    .enum(['truncated', 'unanswered'])
    .describe('describe_sub_devices beyond payloadBytesMax; undocumented'),
});

export type HubRules = Readonly<z.output<typeof RULES>>;

const HOUR_MS = 3_600_000;

/** The mainland limits (page 634/15241): the tighter set, so the one tests run on. */
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
  inFlightMax: 50, // the 2018 limits page; later ones are silent
  gatewayOperations: true,
  subdevicesPerGatewayMax: 500,
  subdevicesOfflineOnGatewayLoss: true,
  bindings: 'ignored',
  associations: [],
  bindSignatureS: 300, // ours
  repeatBindResult: 809,
  repeatOnlineResult: 0,
  unbindUnboundResult: -1,
  unbindResultType: 'unbind',
  batch: 'all',
  describeTooLong: 'truncated',
};

/** The international limits (page 1105/41464). */
export const INTL: HubRules = {
  ...MAINLAND,
  profile: 'intl',
  keepAliveSMin: 0,
  keepAliveSMax: 900,
  uplinksPerS: 30,
  downlinksPerS: 50,
  topicSlashesMax: 10,
  subscriptionsMax: 10_000, // "unlimited"; ours, so that nothing is unbounded
  subdevicesPerGatewayMax: 1500,
};

/** Any MQTT 3.1.1 hub. Defaults of mosquitto where it has one: 1000 queued, 20 in flight. */
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
  payloadBytesMax: 60 * 1024, // under the reader's bound for one packet
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
 * Sessions, storage and replay as the hub documents them, without its limits on rates and connections, and with other
 * clients served like devices: what one wants to try things against by hand.
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
