/**
 * Description of one world: devices, rules of the hub, bounds, and all troubles with their times. Drawn from a seed before
 * the world begins. Plain JSON, so that it can be shrunk and kept.
 */
import { crc32 } from 'node:zlib';
import type { EnvelopeForm } from '../../src/base/envelope-form.ts';
import type { OverflowPolicy } from '../../src/base/overflow-policy.ts';
import { type Random, seededRandom } from '../../src/base/random.ts';
import { type HubRules, MAINLAND } from '../../src/bench/hub/bench-rules.ts';
import { drawFirmware, type FirmwarePlan } from './firmware-plan.ts';
import { type DriverMix, drawLineProtocol, type LineProtocol } from './line-protocols.ts';
import { drawSharedTopics, type SharedTopicsPlan } from './shared-documents.ts';
import { TROUBLE_KINDS, TROUBLES, type TroubleKind } from './troubles.ts';

export const HOUR_MS = 3_600_000;
/** Largest payload limit of a hub. */
const HUB_BYTES_MAX = 16_384;

export interface TroubleEvent {
  readonly kind: TroubleKind;
  readonly atMs: number;
  /** Duration, ms. */
  readonly ms: number;
  /** Random number in [0, 1) that chooses the device and the strength. */
  readonly draw: number;
}

export interface SubdevicePlan {
  readonly id: string;
  /** The session ends with the connection. */
  readonly clean: boolean;
  /** Default: MQTT-SN. */
  readonly lineProtocol?: LineProtocol;
}

/** Rules that older kept worlds do not contain. */
type LaterSwitch =
  | 'unacknowledged'
  | 'resentAs'
  | 'retransmitMs'
  | 'storedMaxCounts'
  | 'storedAgeFrom'
  | 'downlinksPerS'
  | 'uplinkOverRate'
  | 'batch'
  | 'repeatOnlineResult';

/** Rules of the hub where its documents say nothing, and bounds that make its policies visible. */
export type HubSwitches = Pick<
  typeof MAINLAND,
  | 'overflow'
  | 'replayPacing'
  | 'liveMessages'
  | 'storedMax'
  | 'inFlightMax'
  | 'connectTooSoon'
  | 'subdevicesOfflineOnGatewayLoss'
> &
  Partial<Pick<HubRules, LaterSwitch | 'sessionHoursMax'>> & {
    /** The hub never acknowledges messages on the alarm topic of the first subdevice. */
    readonly swallowsAlarmPubacks: boolean;
    /** The hub drops messages of a subdevice that is not announced as online in this connection. Default: false. */
    readonly dropsOffline?: boolean;
  };

export interface Bounds {
  readonly outboxMessagesMax: number;
  readonly outboxBytesMax: number;
  readonly overflow: OverflowPolicy;
  readonly uplinkHoursMax: number;
  readonly inboxMessagesMax: number;
  readonly inboxOverflow: 'drop-oldest' | 'drop-newest';
  readonly downlinkHoursMax: number;
  /** Largest payload for the hub, and largest packet on a line. */
  readonly payloadBytesMax: number;
  readonly packetBytesMax: number;
  readonly inFlightMax: number;
  readonly holdMs: number;
  readonly commitMs: number;
}

export interface Scenario {
  readonly seed: number;
  readonly hours: number;
  readonly subdevices: readonly SubdevicePlan[];
  /** Mean pause between two uplinks of a subdevice, and between two downlinks in all. */
  readonly uplinkEveryMs: number;
  readonly downlinkEveryMs: number;
  /** Largest payload of an uplink that is not too large. */
  readonly uplinkBytesMax: number;
  /** Shares of messages with QoS 0, and of messages that are too large for the next hop. */
  readonly qos0Share: number;
  readonly largeShare: number;
  /** Largest number of unacknowledged QoS 1 messages of a subdevice. Above one, the order is kept only without noise. */
  readonly window: number;
  readonly profile: Exclude<HubRules['profile'], 'documented'>;
  readonly hub: HubSwitches;
  /** Envelope of all uplinks. Default: none. */
  readonly envelope?: EnvelopeForm;
  /** All subdevices are behind a forwarder, on one line. */
  readonly isForwarded?: boolean;
  /** The adapter of each Modbus line receives what it sends. */
  readonly isEchoed?: boolean;
  /** Modbus units receive nothing for a time after an answer, and the configuration has pauses for that. */
  readonly isPaused?: boolean;
  /** Topics at the hub that all subdevices share. Default: none. */
  readonly sharedTopics?: SharedTopicsPlan;
  /** Firmware updates of the MQTT-SN subdevices. Default: none. */
  readonly firmware?: FirmwarePlan;
  /** Speed of the lines, bits per second. Default: 115200. */
  readonly baudRate?: number;
  readonly bounds: Bounds;
  readonly troubles: readonly TroubleEvent[];
}

export interface ScenarioRequest {
  readonly seed: number;
  readonly hours: number;
  /** 0: no trouble; 1: as in a bad week; 10: ten times as often. */
  readonly trouble: number;
  readonly subdevices?: number;
  /** Factor for the pauses between messages, for worlds of several days. */
  readonly slowness?: number;
  /** Drivers besides MQTT-SN. Default: none. */
  readonly driverMix?: DriverMix | undefined;
  /** The world has shared topics. Default: some mixed worlds have them. */
  readonly hasSharedTopics?: boolean | undefined;
}

/**
 * Returns the random numbers of one part of a world. Parts are independent, so that removing one does not change the
 * others. The name is a part of the seed: another name makes other worlds.
 */
export function randomOf(seed: number, name: string): Random {
  return seededRandom(crc32(`${seed} ${name}`));
}

/** Returns an exponentially distributed pause. */
export function pauseOf(random: Random, meanMs: number): number {
  return -Math.log(1 - random()) * meanMs;
}

export function drawScenario(request: ScenarioRequest): Scenario {
  return withSharedTopics(drawWorld(request), request);
}

/** Adds shared topics to some worlds of a hub that may have them, and to any world if the request has them. */
function withSharedTopics(scenario: Scenario, { seed, driverMix, hasSharedTopics }: ScenarioRequest): Scenario {
  const random = randomOf(seed, 'shared topics');
  const { profile, bounds } = scenario;
  const mayHave = driverMix === 'mixed' && profile === 'generic' && bounds.payloadBytesMax === HUB_BYTES_MAX;
  if (!(hasSharedTopics ?? (mayHave && random() < 0.5))) return scenario;
  const sharedTopics = drawSharedTopics(random);
  return { ...scenario, sharedTopics, profile: 'generic', bounds: { ...bounds, payloadBytesMax: HUB_BYTES_MAX } };
}

function drawWorld(request: ScenarioRequest): Scenario {
  const { seed, hours, trouble, subdevices = 8, slowness = 1 } = request;
  const random = randomOf(seed, 'scenario');
  const oneOf = <T>(...choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const isPlain = trouble === 0;
  const window = isPlain ? 1 : oneOf(1, 1, 4, 16);
  const [payloadBytesMax, packetBytesMax] = isPlain
    ? [16_384, 1024]
    : oneOf([16_384, 1024], [900, 1024], [16_384, 256]);
  return {
    seed,
    hours,
    subdevices: Array.from({ length: subdevices }, (_, index) => ({
      id: `s${index + 1}`,
      clean: !isPlain && random() < 0.25,
      ...lineProtocolOf(request, index),
    })),
    uplinkEveryMs: slowness * (isPlain ? 30_000 : oneOf(10_000, 30_000, 30_000)),
    downlinkEveryMs: slowness * oneOf(10_000, 20_000),
    uplinkBytesMax: isPlain || packetBytesMax < 1024 ? 100 : oneOf(100, 800),
    qos0Share: isPlain ? 0 : oneOf(0, 0.1, 0.3),
    largeShare: isPlain ? 0 : 0.02,
    window,
    profile: isPlain ? 'mainland' : oneOf('mainland', 'mainland', 'intl', 'generic', 'generic'),
    ...(isPlain ? {} : drawEnvelope(randomOf(seed, 'envelope'))),
    ...(!isPlain && randomOf(seed, 'forwarder')() < 0.25 ? { isForwarded: true } : {}),
    ...(randomOf(seed, 'echo')() < 0.4 ? { isEchoed: true } : {}),
    ...(randomOf(seed, 'pauses')() < 0.3 ? { isPaused: true } : {}),
    ...(isPlain ? {} : firmwareOf(request)),
    hub: {
      overflow: oneOf('oldest', 'newest'),
      replayPacing: oneOf('send', 'acknowledgement'),
      liveMessages: oneOf('behind replay', 'interleaved'),
      storedMax: isPlain ? MAINLAND.storedMax : oneOf(5, 40, 150),
      inFlightMax: isPlain ? MAINLAND.inFlightMax : oneOf(1, 20, 50),
      connectTooSoon: oneOf<'close' | 3>('close', 3),
      subdevicesOfflineOnGatewayLoss: oneOf(true, false),
      swallowsAlarmPubacks: !isPlain && random() < 0.25,
      ...(isPlain ? {} : drawLaterSwitches(randomOf(seed, 'later switches'))),
      ...(isPlain ? {} : drawStrictness(randomOf(seed, 'strict hub'))),
      // ordinary brokers send all stored messages at once
      ...(!isPlain && randomOf(seed, 'eager hub')() < 0.5
        ? { storedMax: 1000, inFlightMax: 1000, downlinksPerS: 0 }
        : {}),
    },
    bounds: {
      // in some worlds small enough to be full after an hour without the hub
      outboxMessagesMax: isPlain ? 1_000_000 : oneOf(60, 1_000_000, 1_000_000),
      outboxBytesMax: isPlain ? 2 ** 29 : oneOf(65_536, 2 ** 29, 2 ** 29),
      overflow: isPlain ? 'reject' : oneOf('reject', 'reject', 'drop-oldest', 'drop-newest', 'keep-latest'),
      uplinkHoursMax: isPlain ? 0 : oneOf(0, 1, 24),
      inboxMessagesMax: isPlain ? 150 : oneOf(3, 150, 150),
      inboxOverflow: oneOf('drop-oldest', 'drop-newest'),
      downlinkHoursMax: oneOf(1, 24, 24),
      ...{ payloadBytesMax, packetBytesMax },
      inFlightMax: isPlain ? 32 : oneOf(1, 8, 32),
      holdMs: isPlain ? 200 : oneOf(200, 200, 0),
      commitMs: isPlain ? 100 : oneOf(0, 100),
    },
    troubles: isPlain
      ? []
      : drawTroubles(seed, hours * HOUR_MS, trouble).filter(({ kind }) => window === 1 || kind !== 'noise'),
  };
}

/** Draws the protocol of a subdevice. Half of the mixed worlds have MQTT-SN only, as most subdevices have. */
function lineProtocolOf({ seed, driverMix }: ScenarioRequest, index: number): Pick<SubdevicePlan, 'lineProtocol'> {
  if (driverMix === undefined || (driverMix === 'mixed' && randomOf(seed, 'company')() < 0.5)) return {};
  const lineProtocol = drawLineProtocol(randomOf(seed, `speech ${index}`), driverMix, index === 0);
  return lineProtocol === undefined ? {} : { lineProtocol };
}

/** Draws firmware updates for a third of the worlds with MQTT-SN. */
function firmwareOf({ seed, hours, driverMix }: ScenarioRequest): Pick<Scenario, 'firmware'> {
  const random = randomOf(seed, 'firmware');
  const hasMqttsn = driverMix === undefined || driverMix === 'mixed'; // the first subdevice of a mixed world has it
  return hasMqttsn && random() < 0.34 ? { firmware: drawFirmware(random, hours * HOUR_MS) } : {};
}

/** Draws the form of the envelopes: none in half of the worlds. */
function drawEnvelope(random: Random): Pick<Scenario, 'envelope'> {
  const draw = random();
  return draw < 0.5 ? {} : { envelope: draw < 0.75 ? 'json' : 'fields' };
}

/** Draws rules of the hub, without those that reorder, lose or repeat messages within a connection. */
function drawLaterSwitches(random: Random): Omit<Pick<HubRules, LaterSwitch>, 'retransmitMs'> {
  const oneOf = <T>(...choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  return {
    unacknowledged: oneOf('at once', 'paced'),
    resentAs: oneOf('duplicates', 'without DUP', 'new messages'),
    storedMaxCounts: oneOf('stored', 'stored and unacknowledged'),
    storedAgeFrom: oneOf('arrival', 'disconnection'),
    downlinksPerS: oneOf(0, 2, 20),
    uplinkOverRate: oneOf('dropped', 'close'),
    batch: oneOf('all', 'first only', 'refused'),
    repeatOnlineResult: oneOf<0 | -2>(0, -2),
  };
}

/**
 * Draws a hub that drops messages of offline subdevices, for a quarter of the worlds. It reads several devices in one
 * request: otherwise a late result delays the announcement of most of them for longer than uplinks wait.
 */
function drawStrictness(random: Random): Partial<HubSwitches> {
  return random() < 0.25 ? { dropsOffline: true, batch: 'all' } : {};
}

function drawTroubles(seed: number, untilMs: number, frequency: number): TroubleEvent[] {
  const events: TroubleEvent[] = [];
  for (const kind of TROUBLE_KINDS) {
    const { everyMs, lastsMs } = TROUBLES[kind];
    const random = randomOf(seed, kind);
    let atMs = pauseOf(random, everyMs / frequency);
    while (atMs < untilMs) {
      events.push({ kind, atMs: Math.round(atMs), ms: Math.round(pauseOf(random, lastsMs)), draw: random() });
      atMs += pauseOf(random, everyMs / frequency);
    }
  }
  return events.sort((left, right) => left.atMs - right.atMs);
}
