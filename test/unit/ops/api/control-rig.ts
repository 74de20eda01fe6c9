/** Gateway with fixed answers behind the real control socket. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeadLetter, LetterPage, LetterRequest } from '../../../../src/custody/dead-letter.ts';
import { ZERO } from '../../../../src/custody/ledger.ts';
import { startControl } from '../../../../src/ops/api/control.ts';
import type { Answers, Inspection } from '../../../../src/ops/api/control-answers.ts';
import type { TailEvent } from '../../../../src/ops/api/tail-line.ts';
import type { FilterReport, HeldPacketReport } from '../../../../src/ops/conditions/hub-packet-words.ts';
import type { ExplainedMessage, ExplainReport, Explanation } from '../../../../src/ops/explain/explain-report.ts';
import { type ForecastFacts, forecastOf } from '../../../../src/ops/forecast/forecast.ts';
import type { ForecastReport } from '../../../../src/ops/forecast/forecast-report.ts';
import { deadLettersReportOf, letterRequestOf } from '../../../../src/ops/reports/dead-letter-report.ts';
import { NO_FIRMWARE } from '../../../../src/ops/reports/firmware-updates-report.ts';
import { type LaneReading, ledgerReportOf } from '../../../../src/ops/reports/ledger-report.ts';
import { RESTING } from '../../../../src/ops/reports/link-report.ts';
import type { QueueReport, StatusFacts } from '../../../../src/ops/reports/report.ts';
import type { TakeEvent } from '../../../../src/ops/tail/event-tail.ts';
import type { TailRequest } from '../../../../src/ops/tail/tail-request.ts';
import { judge } from '../../../../src/ops/verdict.ts';
import { CONFIG_REPORT } from './config-sample.ts';
import { FIRMWARE } from './firmware-sample.ts';
import { EVENTS, HISTORY } from './fixed-history.ts';
import { HOLD, MESSAGES } from './queue-samples.ts';

const EMPTY_QUEUE: QueueReport = {
  messages: 0,
  bytes: 0,
  onDisk: 0,
  inFlight: 0,
  oldest: null,
  ratePerS: 0,
  etaMs: null,
  messagesMax: 1_000_000,
  bytesMax: 536_870_912,
  overflow: 'reject',
};

const REFUSED = 'hub.example.net:1883 refused the connection: no program listens on the port, or a firewall rejects it';

/** Status: the hub has been away for three minutes, and 1,204 messages wait for it. */
export const AWAY: StatusFacts = {
  conditions: [
    {
      code: 'hub-away',
      losing: 'no',
      forMs: 185_000,
      sentence: `The hub is away (${REFUSED}); messages are kept on disk.`,
      hint: 'Check that the hub is running and that port in [hub] is correct. If it is, look for a firewall that rejects the connection. The gateway tries again by itself.',
    },
  ],
  hub: {
    profile: 'generic',
    host: 'hub.example.net',
    port: 1883,
    clientId: 'shed-3',
    state: 'waiting to reconnect',
    since: { ms: 185_000, quality: 'exact' },
    session: {
      finding: 'resumed',
      away: { ms: 185_000, quality: 'exact' },
      keptMs: 86_400_000,
      isOver: false,
      gap: null,
    },
    sessionPresent: true,
    sessionsLost: 0,
    uplinksWithoutEnvelope: 0,
    uplinksWithFallback: 0,
    uplinksNested: 0,
    lastProblem: REFUSED,
    takeovers: 0,
    nextAttemptInMs: 4200,
    passwordRenewals: null,
    subscriptions: 12,
    subscriptionsMax: 0,
    roundTrip: { count: 256, p50Ms: 21, p99Ms: 84 },
    replay: null,
  },
  links: [
    {
      ...RESTING,
      name: 'meters',
      path: '/dev/ttyUSB0',
      driver: 'mqttsn',
      state: 'open',
      forMs: 200_000_000,
      subdevices: ['meter-1'],
      counters: {
        ...RESTING.counters,
        openings: 1,
        bytesIn: 1,
        bytesOut: 1,
        framesIn: 990,
        framesOut: 1,
        crcErrors: 10,
      },
    },
  ],
  outbox: {
    ...EMPTY_QUEUE,
    messages: 1204,
    onDisk: 1204,
    bytes: 240_000,
    oldest: { ms: 185_000, quality: 'at_least' },
  },
  subdevices: { connected: 1, asleep: 0, away: 0, neverSeen: 0 },
  outlook: { full: { bound: 'messages', inMs: 9 * 86_400_000, measuredMs: 180_000 }, drain: null },
  inbox: { ...EMPTY_QUEUE, messagesMax: 150, bytesMax: 0, overflow: 'drop-oldest' },
  discarded: [],
  firmware: NO_FIRMWARE,
  ledger: ledgerReportOf([], 'running').totals,
  store: {
    path: '/var/lib/holdfast/holdfast.db',
    volatile: null,
    bytes: 1_300_000,
    walBytes: 4_200_000,
    freeBytes: null,
    commits: 8120,
    flashBytesWritten: null,
    historyBytesWritten: 3144,
    recovery: [],
  },
  medium: {
    device: 'mmcblk0',
    bytes: 39_845_888,
    deviceBytes: 429_916_160,
    overMs: 86_400_000,
    usedShare: null,
    life: { bytes: 300 * 32e9, basis: 'assumed' },
  },
  recordings: { written: 3, failed: 0, removed: 1 },
  process: {
    gateway: 'shed-3',
    pid: 812,
    version: '0.1.0',
    configPath: '/etc/holdfast/holdfast.toml',
    configMark: 'c0ffee',
    hubConfigVersion: null,
    uptimeMs: 90_000_000,
    rssBytes: 64_000_000,
    clockTrusted: true,
  },
};

export const BALANCED: readonly LaneReading[] = [
  {
    subdevice: 'meter-1',
    direction: 'uplink',
    counts: { ...ZERO, accepted: 2000, delivered: 700, dead: 1, shed: { expired: 95 } },
    pending: 1204,
  },
  { subdevice: 'meter-1', direction: 'downlink', counts: { ...ZERO, accepted: 3, delivered: 3 }, pending: 0 },
];

export function letter(id: number, topic: string, payload: Uint8Array = Buffer.from('{"on":true}')): DeadLetter {
  const row = {
    seq: id,
    lane: 1,
    topic: `shed-3/meter-1/${topic}`,
    payload,
    qos: 1,
    stamp: { epoch: 1, upMs: 0 },
  } as const;
  return { id, row, attempts: 3, reason: 'no PUBACK after 3 attempts', isWhole: true };
}

function letterPage(all: readonly DeadLetter[], { after, limit, only }: LetterRequest): LetterPage {
  const letters = all.filter(({ id }) => id > after && (only?.includes(id) ?? true)).slice(0, limit);
  return { letters, kept: all.length, newest: all.at(-1)?.id ?? 0, dead: all.length + 2 };
}

const HELD: HeldPacketReport = {
  ...{ packet: 'PUBLISH (QoS 0) on gw/a/tick', name: 'gw/a/tick', state: 'set aside', closes: 3 },
  ...{ firstCloseMs: 300_000, lastCloseMs: 60_000, triedAgainInMs: 3_540_000 },
};
const SUBSCRIPTIONS: readonly FilterReport[] = [
  { filter: 'gw/a/set', state: 'granted', wantedBy: ['meter-1'], reason: null, evidence: null },
  {
    ...{ filter: 'gw/b/set', state: 'suspect', wantedBy: ['meter-1', 'pump'], reason: null },
    evidence: {
      ...HELD,
      packet: 'SUBSCRIBE gw/b/set',
      name: 'gw/b/set',
      state: 'suspect',
      closes: 1,
      triedAgainInMs: null,
    },
  },
];

/** 612 uplinks of 114 B in the last hour, 18,400 in the last day. */
export const FORECAST_FACTS: ForecastFacts = {
  inflows: [
    { span: 'hour', coveredMs: 3_600_000, uplinks: 612, downlinks: 3 },
    { span: 'day', coveredMs: 86_400_000, uplinks: 18_400, downlinks: 48 },
  ],
  outbox: { messages: 1204, bytes: 137_256, messagesMax: 1_000_000, bytesMax: 536_870_912 },
  ...{ oldestMs: 185_000, ageMsMax: 0, room: { freeBytes: 2 ** 33, walBytes: 0 } },
  ...{ accepted: 1000, taken: { messages: 1000, bytes: 114_000 }, limitPerS: 28.5, fastestPerS: 4 },
  ...{ inboxes: [{ subdevice: 'meter-1', pending: 12, accepted: 48 }], inboxMax: 150 },
  hubTerms: { keptMs: 86_400_000, storedMax: 150 },
  links: [
    { name: 'meters', overflow: 'reject' },
    { name: 'cameras', overflow: 'drop-oldest' },
  ],
};

export class FakeGateway implements Inspection {
  readonly #listeners = new Set<TakeEvent>();
  facts: StatusFacts = AWAY;
  readings: readonly LaneReading[] = BALANCED;
  letters: readonly DeadLetter[] = [letter(3, 'event'), letter(7, 'door/state')];

  readonly answers: Answers = {
    '/v1/status': () => this.status(),
    '/v1/ledger': () => this.ledger(),
    '/v1/subdevices': () => this.subdevices(),
    '/v1/hub-subscriptions': () => this.hubSubscriptions(),
    '/v1/outbox': () => this.outbox(),
    '/v1/forecast': () => this.forecast(),
    '/v1/explain': (query) => this.explain(query.get('of') ?? ''),
    '/v1/inbox': () => this.inbox(),
    '/v1/messages': () => this.messages(),
    '/v1/dead-letters': (query) => this.deadLetters(letterRequestOf(query)),
    '/v1/history': () => HISTORY,
    '/v1/events': () => EVENTS,
    '/v1/firmware': () => FIRMWARE,
    '/v1/config': () => CONFIG_REPORT,
  };

  status() {
    return judge(this.facts);
  }

  async ledger() {
    return ledgerReportOf(this.readings, 'running');
  }

  subdevices() {
    const subdevice = {
      id: 'meter-1',
      link: 'meters',
      attached: true,
      lostInMs: null,
      lasting: true,
      configured: true,
      silentMs: 3000,
      profile: null,
      hubIdentity: null,
      onlineAtHub: null,
      binding: null,
      refused: [],
      identity: null,
      subscriptions: ['control'],
      uplinksPending: 1204,
      downlinksPending: 0,
      uplinksAccepted: 0,
      downlinksDelivered: 0,
    };
    return { subdevices: [subdevice] };
  }

  hubSubscriptions() {
    return { subscriptions: SUBSCRIPTIONS, publishes: [HELD] };
  }

  async outbox() {
    const { messages, bytes, inFlight, oldest, ratePerS, etaMs } = this.facts.outbox;
    return {
      total: this.facts.outbox,
      lanes: [
        {
          subdevice: 'meter-1',
          class: 'backlog' as const,
          messages,
          bytes,
          inFlight,
          onHold: 3,
          oldest,
          ratePerS,
          etaMs,
        },
      ],
      refused: {},
      shed: {},
      dead: 0,
      alarmTopicsWait: false,
      backlog: { pause: null, rate: null },
      holds: [HOLD],
    };
  }

  forecast(): ForecastReport {
    return forecastOf(FORECAST_FACTS, 72 * 3_600_000);
  }

  explain(of: string): ExplainReport {
    const range = { min: 64, max: 1203 };
    const message: ExplainedMessage = {
      ...{ direction: 'uplink', subdevice: 'meter-1', topic: 'shed-3/meter-1/t', bytes: 100, custody: 'disk' },
      ...{ class: 'backlog', before: range, laneMessages: 1204, bytesBefore: null, othersBefore: 0 },
      age: { ms: 185_000, quality: 'exact' },
      when: { inMs: null, basis: 'Unknown, because the hub is away.' },
      shedRules: [{ rule: 'none', sentence: 'No rule sheds it.', messagesLeft: null, bytesLeft: null, msLeft: null }],
    };
    const reason = {
      code: 'hub-away',
      sentence: 'The hub is away for 3 min.',
      remedy: 'Wait.',
      endsInMs: null,
    } as const;
    const explanation: Explanation = {
      ...{ kind: 'message', name: 'u1-7', sentence: 'Uplink of meter-1. The hub is away.', facts: [], message },
      reasons: [reason],
    };
    return { of, explanations: of === 'u1-7' ? [explanation] : [], similar: of === 'meter' ? ['meter-1'] : [] };
  }

  inbox() {
    const { messages, bytes, inFlight, oldest } = this.facts.inbox;
    return {
      total: this.facts.inbox,
      lanes: [{ subdevice: 'meter-1', isConnected: true, messages, bytes, inFlight, onHold: 0, oldest }],
      shed: {},
      holds: [{ ...HOLD, queue: 'inbox' as const }],
    };
  }

  async messages() {
    return MESSAGES;
  }

  async deadLetters(request: LetterRequest) {
    return deadLettersReportOf({
      request,
      page: letterPage(this.letters, request),
      nameOf: () => 'meter-1',
      ageOf: () => ({ ms: 185_000, quality: 'exact' as const }),
      heldPackets: [],
    });
  }

  recorder(): undefined {
    return undefined;
  }

  onTail(_request: TailRequest, listener: TakeEvent) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get followers(): number {
    return this.#listeners.size;
  }

  happen(sentence: string): void {
    const event: TailEvent = { kind: 'event', upMs: 1, wallMs: 1, name: 'somethingHappened', sentence, detail: {} };
    for (const listener of this.#listeners) listener(() => event);
  }
}

/** Runs a test with a directory that is deleted afterwards. */
export async function withDirectory(act: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-'));
  try {
    await act(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

export interface Rig {
  readonly gateway: FakeGateway;
  readonly socketPath: string;
}

/** Runs a test with the gateway behind a new control socket. */
export async function withControl(act: (rig: Rig) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const gateway = new FakeGateway();
    const socketPath = join(directory, 'control.sock');
    const control = await startControl({ socketPath, inspection: gateway });
    try {
      await act({ gateway, socketPath });
    } finally {
      await control.close();
    }
  });
}

/** Repeats a check until it is true. The time limit is for failing tests only. */
export async function until(isSo: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 120_000;
  while (!isSo()) {
    if (performance.now() > deadlineMs) throw new Error('the expected state was not reached within 20 s');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
