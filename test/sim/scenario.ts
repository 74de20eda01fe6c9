/**
 * One world, written down before it begins: who is in it, how the hub behaves where its documents are silent, how tight
 * the bounds are, and every trouble with its time. Drawn from a seed; plain JSON, so that it can be shrunk and kept.
 */
import { crc32 } from 'node:zlib';
import type { OverflowPolicy } from '../../src/base/overflow-policy.ts';
import { type Random, seededRandom } from '../../src/base/random.ts';
import { type HubRules, MAINLAND } from '../../src/bench/hub/bench-rules.ts';
import { type BatchWait, drawLineProtocol, type LineProtocol } from './line-protocols.ts';
import { TROUBLE_KINDS, TROUBLES, type TroubleKind } from './troubles.ts';

export const HOUR_MS = 3_600_000;

export interface TroubleEvent {
  readonly kind: TroubleKind;
  readonly atMs: number;
  /** How long it lasts. */
  readonly ms: number;
  /** Picks its victim and its strength; in [0, 1). */
  readonly dice: number;
}

export interface SubdevicePlan {
  readonly id: string;
  /** Its session ends with its connection. */
  readonly clean: boolean;
  /** MQTT-SN, if nothing is said. */
  readonly lineProtocol?: LineProtocol;
}

/** Worlds that were kept before there were these lack them. */
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

/** What the hub's documents leave open, and bounds that make its policies show. */
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
    /** The hub never acknowledges the alarms of the first subdevice. */
    readonly isDeafToAlarms: boolean;
  };

export interface Bounds {
  readonly outboxMessagesMax: number;
  readonly outboxBytesMax: number;
  readonly overflow: OverflowPolicy;
  readonly uplinkHoursMax: number;
  readonly inboxMessagesMax: number;
  readonly inboxOverflow: 'drop-oldest' | 'drop-newest';
  readonly downlinkHoursMax: number;
  /** What the hub takes, and what fits on a line. */
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
  /** Of all messages, those of QoS 0, and those that are too large for the next hop. */
  readonly qos0Share: number;
  readonly largeShare: number;
  /** QoS 1 publications a subdevice may have unanswered. With more than one, order needs lines that lose nothing. */
  readonly window: number;
  readonly profile: Exclude<HubRules['profile'], 'documented'>;
  readonly hub: HubSwitches;
  /** All subdevices are behind a forwarder, on one line. */
  readonly isForwarded?: boolean;
  readonly bounds: Bounds;
  readonly troubles: readonly TroubleEvent[];
}

export interface ScenarioRequest {
  readonly seed: number;
  readonly hours: number;
  /** 0: no trouble; 1: as in a bad week; 10: ten times as often. */
  readonly trouble: number;
  readonly subdevices?: number;
  /** So many times as long are the pauses between messages; for worlds that last for days. */
  readonly slowness?: number;
  /** Subdevices that do not speak MQTT-SN; none, unless told so. */
  readonly driverMix?: BatchWait | undefined;
}

/** Independent dice for each part of a world: taking one part away leaves the luck of the others as it was. */
export function diceOf(seed: number, name: string): Random {
  return seededRandom(crc32(`${seed} ${name}`));
}

/** An exponentially distributed pause. */
export function pauseOf(random: Random, meanMs: number): number {
  return -Math.log(1 - random()) * meanMs;
}

export function drawScenario(wish: ScenarioRequest): Scenario {
  const { seed, hours, trouble, subdevices = 8, slowness = 1 } = wish;
  const random = diceOf(seed, 'scenario');
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
      ...lineProtocolOf(wish, index),
    })),
    uplinkEveryMs: slowness * (isPlain ? 30_000 : oneOf(10_000, 30_000, 30_000)),
    downlinkEveryMs: slowness * oneOf(10_000, 20_000),
    uplinkBytesMax: isPlain || packetBytesMax < 1024 ? 100 : oneOf(100, 800),
    qos0Share: isPlain ? 0 : oneOf(0, 0.1, 0.3),
    largeShare: isPlain ? 0 : 0.02,
    window,
    profile: isPlain ? 'mainland' : oneOf('mainland', 'mainland', 'intl', 'generic', 'generic'),
    ...(!isPlain && diceOf(seed, 'forwarder')() < 0.25 ? { isForwarded: true } : {}),
    hub: {
      overflow: oneOf('oldest', 'newest'),
      replayPacing: oneOf('send', 'acknowledgement'),
      liveMessages: oneOf('behind replay', 'interleaved'),
      storedMax: isPlain ? MAINLAND.storedMax : oneOf(5, 40, 150),
      inFlightMax: isPlain ? MAINLAND.inFlightMax : oneOf(1, 20, 50),
      connectTooSoon: oneOf<'close' | 3>('close', 3),
      subdevicesOfflineOnGatewayLoss: oneOf(true, false),
      isDeafToAlarms: !isPlain && random() < 0.25,
      ...(isPlain ? {} : drawLaterSwitches(diceOf(seed, 'later switches'))),
      // an ordinary broker sends all it has at once
      ...(!isPlain && diceOf(seed, 'eager hub')() < 0.5
        ? { storedMax: 1000, inFlightMax: 1000, downlinksPerS: 0 }
        : {}),
    },
    bounds: {
      // small enough for an hour without the hub to fill it, in some worlds
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

/** Half of the mixed worlds are not: MQTT-SN is what most subdevices speak. */
function lineProtocolOf({ seed, driverMix }: ScenarioRequest, index: number): Pick<SubdevicePlan, 'lineProtocol'> {
  if (driverMix === undefined || (driverMix === 'mixed' && diceOf(seed, 'company')() < 0.5)) return {};
  const lineProtocol = drawLineProtocol(diceOf(seed, `speech ${index}`), driverMix, index === 0);
  return lineProtocol === undefined ? {} : { lineProtocol };
}

/** Not those that break order, lose by themselves or send twice within a connection: the invariants would blame us. */
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

function drawTroubles(seed: number, untilMs: number, frequency: number): TroubleEvent[] {
  const events: TroubleEvent[] = [];
  for (const kind of TROUBLE_KINDS) {
    const { everyMs, lastsMs } = TROUBLES[kind];
    const random = diceOf(seed, kind);
    let atMs = pauseOf(random, everyMs / frequency);
    while (atMs < untilMs) {
      events.push({ kind, atMs: Math.round(atMs), ms: Math.round(pauseOf(random, lastsMs)), dice: random() });
      atMs += pauseOf(random, everyMs / frequency);
    }
  }
  return events.sort((left, right) => left.atMs - right.atMs);
}
