/**
 * How the bench hub behaves: everything the real hub documents, and a switch wherever it does not say.
 *
 * Four profiles. `mainland` and `intl` are the two published sets of limits of the IoT hub, which disagree; `documented` is
 * its sessions without its limits; `generic` is a plain MQTT 3.1.1 hub. Numbers without another source are from the hub's "Use limits"
 * pages; "not documented" marks our choice, and the gateway must survive the other one too.
 */
import type { ConnackCode } from '../../codec/mqtt.ts';

export interface HubRules {
  readonly profile: 'documented' | 'mainland' | 'intl' | 'generic';

  /** Between two stored messages sent after a resume. "Persistent session": 500 ms. */
  readonly replayIntervalMs: number;
  /** What the interval counts from. Not documented. */
  readonly replayPacing: 'send' | 'acknowledgement';
  /** What happens to a new message during a replay. Not documented. */
  readonly liveMessages: 'behind replay' | 'interleaved';
  /** Stored QoS 1 messages per device. */
  readonly storedMax: number;
  readonly storedHoursMax: number;
  /** Which one goes when the store is full. Not documented. */
  readonly overflow: 'oldest' | 'newest';
  /** A session ends after more than this long without a connection. */
  readonly sessionHoursMax: number;
  /** QoS 1 messages to one device without a PUBACK. */
  readonly inFlightMax: number;

  /** Shortest time between two CONNECTs of one identity; 0: any. */
  readonly connectIntervalMs: number;
  /** The answer to one that comes sooner: a plain close, or a return code. Not documented. */
  readonly connectTooSoon: 'close' | ConnackCode;
  /** Range of the keep alive, in s; outside it the connection is refused. */
  readonly keepAliveSMin: number;
  readonly keepAliveSMax: number;

  /** PUBLISHes per second taken from one device; what is over is dropped without PUBACK. 0: any number. */
  readonly uplinksPerS: number;
  /** Larger ones are dropped without PUBACK. */
  readonly payloadBytesMax: number;
  /** Filters beyond this in one SUBSCRIBE are refused with 0x80. */
  readonly filtersPerSubscribeMax: number;
  readonly subscriptionsMax: number;
  /** Filters of topics the device has no permission for: no PUBACK ever, the connection stays. */
  readonly mutedTopics: readonly string[];
  /** Filters nobody may subscribe to: 0x80. May hold wildcards, which take the levels of the wanted filter. */
  readonly forbiddenFilters: readonly string[];

  /** Who else hears what a device publishes, besides the application side. Never the device itself. */
  readonly routing: 'application only' | 'other devices too';
  /** The IoT hub supports no wills. */
  readonly wills: 'ignored' | 'published';
  /** Client id → device secret (base64); `undefined`: nobody is asked for a password. */
  readonly credentials: ReadonlyMap<string, string> | undefined;

  /** `$gateway/operation/…` is answered. */
  readonly gatewayOperations: boolean;
  readonly subdevicesPerGatewayMax: number;
  /** Subdevices go offline with their gateway's connection. Not documented. */
  readonly subdevicesOfflineOnGatewayLoss: boolean;
}

/** The mainland limits (page 634/15241): the tighter set, so the one tests run on. */
export const MAINLAND: HubRules = {
  profile: 'mainland',
  replayIntervalMs: 500,
  replayPacing: 'send',
  liveMessages: 'behind replay',
  storedMax: 150,
  storedHoursMax: 24,
  overflow: 'oldest',
  sessionHoursMax: 24,
  inFlightMax: 50, // the 2018 limits page; later ones are silent
  connectIntervalMs: 5000,
  connectTooSoon: 'close',
  keepAliveSMin: 60,
  keepAliveSMax: 850,
  uplinksPerS: 20,
  payloadBytesMax: 16 * 1024,
  filtersPerSubscribeMax: 1,
  subscriptionsMax: 100,
  mutedTopics: [],
  forbiddenFilters: [],
  routing: 'application only',
  wills: 'ignored',
  credentials: undefined,
  gatewayOperations: true,
  subdevicesPerGatewayMax: 500,
  subdevicesOfflineOnGatewayLoss: true,
};

/** The international limits (page 1105/41464). */
export const INTL: HubRules = {
  ...MAINLAND,
  profile: 'intl',
  keepAliveSMin: 0,
  keepAliveSMax: 900,
  uplinksPerS: 30,
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
  payloadBytesMax: 60 * 1024, // under the reader's bound for one packet
  filtersPerSubscribeMax: 1000,
  routing: 'other devices too',
  wills: 'published',
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
  wills: MAINLAND.wills,
  gatewayOperations: true,
};

export const PROFILES: Readonly<Record<HubRules['profile'], HubRules>> = {
  documented: DOCUMENTED,
  mainland: MAINLAND,
  intl: INTL,
  generic: GENERIC,
};
