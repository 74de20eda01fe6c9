/**
 * Answers of the control API by path: type, source and shape. The server makes them with an `Inspection`; the client
 * checks their shapes, as far as the command line prints them, since the process on the socket may be another program
 * or a gateway of another version.
 */
import type { FlightRecorder } from '../../recorder/flight-recorder.ts';
import type { HubSubscriptionsReport } from '../conditions/hub-packet-words.ts';
import type { ExplainReport } from '../explain/explain-report.ts';
import type { ForecastReport } from '../forecast/forecast-report.ts';
import type { MessagesReport } from '../queues/message-report.ts';
import type { ConfigReport } from '../reports/config-report.ts';
import type { DeadLettersReport } from '../reports/dead-letter-report.ts';
import type { EventsReport } from '../reports/events-report.ts';
import type { FirmwareUpdatesReport } from '../reports/firmware-updates-report.ts';
import type { HistoryReport } from '../reports/history-report.ts';
import type { LedgerReport } from '../reports/ledger-report.ts';
import type { InboxReport, OutboxReport, StatusReport, SubdevicesReport } from '../reports/report.ts';
import type { TakeEvent } from '../tail/event-tail.ts';
import type { TailRequest } from '../tail/tail-request.ts';
import { keys, list, maybe, misfit, named, type Shape } from './answer-shape.ts';

export interface ControlAnswers {
  readonly '/v1/status': StatusReport;
  readonly '/v1/ledger': LedgerReport;
  readonly '/v1/subdevices': SubdevicesReport;
  readonly '/v1/hub-subscriptions': HubSubscriptionsReport;
  readonly '/v1/outbox': OutboxReport;
  readonly '/v1/explain': ExplainReport;
  readonly '/v1/inbox': InboxReport;
  readonly '/v1/messages': MessagesReport;
  readonly '/v1/forecast': ForecastReport;
  readonly '/v1/dead-letters': DeadLettersReport;
  readonly '/v1/history': HistoryReport;
  readonly '/v1/events': EventsReport;
  readonly '/v1/firmware': FirmwareUpdatesReport;
  readonly '/v1/config': ConfigReport;
}

export type AnswerPath = keyof ControlAnswers;

/** Functions that make the answers. An answer from RAM costs next to nothing. */
export type Answers = {
  readonly [Path in AnswerPath]: (query: URLSearchParams) => ControlAnswers[Path] | Promise<ControlAnswers[Path]>;
};

/** Interface of the gateway for reports. */
export interface Inspection {
  readonly answers: Answers;
  status(): StatusReport;
  /** Passes each event that the request admits to `take`, until the returned function is called. */
  onTail(request: TailRequest, take: TakeEvent): () => void;
  /** Recorder of a link, or of `hub`; `undefined`: no such name. */
  recorder(name: string): Pick<FlightRecorder, 'subject' | 'follow'> | undefined;
}

const AGE = keys({ ms: 'number', quality: 'text' });
const QUEUE = keys({
  ...named('messages bytes onDisk inFlight ratePerS messagesMax bytesMax', 'number'),
  oldest: maybe(AGE),
  etaMs: maybe('number'),
  overflow: 'text',
});
const SUM = keys({
  ...named('accepted delivered pending dead damaged imbalance', 'number'),
  shed: { record: 'number' },
});
const LINK = keys({
  ...named('name path driver state', 'text'),
  device: maybe('text'),
  lastProblem: maybe('text'),
  forMs: 'number',
  subdevices: list('text'),
  asleep: list(keys({ subdevice: 'text', lostInMs: 'number' })),
  counters: { record: 'number' },
  rates: list(keys(named('overS framesIn bytesIn broken', 'number'))),
  roundTrip: keys({ count: 'number', p50Ms: maybe('number'), p99Ms: maybe('number') }),
  recovery: keys(named('resync reopen toggle reauthorise', 'number')),
});

const HUB = keys({
  ...named('profile host clientId state', 'text'),
  ...named('port sessionsLost subscriptions subscriptionsMax', 'number'),
  since: maybe(AGE),
  lastProblem: maybe('text'),
  nextAttemptInMs: maybe('number'),
  roundTrip: keys({ count: 'number', p50Ms: maybe('number'), p99Ms: maybe('number') }),
  session: keys({ away: maybe(AGE), keptMs: maybe('number'), isOver: 'flag' }),
  replay: maybe(keys(named('received expectedMax etaMs', 'number'))),
});

const STATUS = keys({
  losing: 'text',
  sentence: 'text',
  hub: HUB,
  links: list(LINK),
  subdevices: keys(named('connected asleep away neverSeen', 'number')),
  outbox: QUEUE,
  outlook: keys({
    full: maybe(keys({ bound: 'text', inMs: 'number', measuredMs: 'number' })),
    drain: maybe(keys({ ms: 'number', basis: 'text' })),
  }),
  inbox: QUEUE,
  conditions: list(keys({ losing: 'text', forMs: 'number', sentence: 'text', hint: maybe('text') })),
  firmware: keys({
    enabled: 'flag',
    steps: { record: 'number' },
    ...named('updated failed downloadedBytes downloadsFailed', 'number'),
  }),
  store: keys({
    ...named('bytes walBytes commits', 'number'),
    path: 'text',
    freeBytes: maybe('number'),
    flashBytesWritten: maybe('number'),
    recovery: list('text'),
  }),
  medium: keys({
    ...named('bytes deviceBytes usedShare', maybe('number')),
    device: maybe('text'),
    overMs: 'number',
    life: maybe(keys({ bytes: 'number', basis: 'text' })),
  }),
  process: keys({
    ...named('pid uptimeMs rssBytes', 'number'),
    gateway: 'text',
    version: 'text',
    clockTrusted: 'flag',
  }),
});

const LEDGER = keys({
  balances: 'flag',
  source: 'text',
  findings: list('text'),
  lanes: list(
    keys({
      ...named('accepted delivered pending dead damaged imbalance', 'number'),
      shed: { record: 'number' },
      subdevice: 'text',
      direction: 'text',
    }),
  ),
  totals: keys({ uplink: SUM, downlink: SUM }),
});

const SUBDEVICES = keys({
  subdevices: list(
    keys({
      ...named('uplinksPending downlinksPending uplinksAccepted downlinksDelivered', 'number'),
      id: 'text',
      link: maybe('text'),
      attached: 'flag',
      silentMs: maybe('number'),
      lostInMs: maybe('number'),
      subscriptions: list('text'),
    }),
  ),
});

const LIMIT = maybe(keys(named('perS sinceMs leftMs', 'number')));
const HOLDS = list(keys({ subdevice: maybe('text'), topic: maybe('text'), age: AGE }));
const OUTBOX = keys({
  holds: HOLDS,
  backlog: keys({ pause: LIMIT, rate: LIMIT }),
  total: QUEUE,
  refused: { record: 'number' },
  shed: { record: 'number' },
  dead: 'number',
  lanes: list(
    keys({
      subdevice: 'text',
      class: 'text',
      oldest: maybe(AGE),
      etaMs: maybe('number'),
      ...named('messages bytes inFlight onHold ratePerS', 'number'),
    }),
  ),
});

const INBOX = keys({
  holds: HOLDS,
  total: QUEUE,
  shed: { record: 'number' },
  lanes: list(
    keys({
      subdevice: 'text',
      isConnected: 'flag',
      oldest: maybe(AGE),
      ...named('messages bytes inFlight onHold', 'number'),
    }),
  ),
});

const MESSAGES = keys({
  ...named('damaged scanned newest', 'number'),
  next: maybe('number'),
  rejected: maybe(keys(named('message hint', 'text'))),
  tally: maybe(
    keys({
      ...named('messages bytes', 'number'),
      oldest: maybe(AGE),
      newest: maybe(AGE),
      subdevices: list(keys({ subdevice: 'text', ...named('messages bytes', 'number') })),
    }),
  ),
  messages: list(
    keys({
      ...named('number bytes attempts', 'number'),
      ...named('name subdevice topic state', 'text'),
      age: AGE,
      payload: maybe(keys({ base64: 'text', text: maybe('text') })),
    }),
  ),
});

const RANGE = keys(named('min max', 'number'));
const EXPLAIN = keys({
  similar: list('text'),
  explanations: list(
    keys({
      ...named('kind name sentence', 'text'),
      reasons: list(keys({ ...named('code sentence', 'text'), remedy: maybe('text'), endsInMs: maybe('number') })),
      facts: list(keys(named('label text', 'text'))),
      message: maybe(
        keys({
          ...named('direction subdevice topic custody', 'text'),
          class: maybe('text'),
          ...named('bytes laneMessages othersBefore', 'number'),
          age: AGE,
          before: RANGE,
          bytesBefore: maybe('number'),
          when: keys({ inMs: maybe('number'), basis: 'text' }),
          shedRules: list(keys(named('rule sentence', 'text'))),
        }),
      ),
    }),
  ),
});

const FIT = keys({ longestMs: maybe('number'), fits: maybe('flag'), first: maybe('text') });
const FORECAST = keys({
  bases: list(
    keys({
      ...named('coveredMs uplinks downlinks', 'number'),
      span: 'text',
      isEnough: 'flag',
      bytes: maybe('number'),
    }),
  ),
  bounds: list(
    keys({
      ...named('bound of unit', 'text'),
      subdevice: maybe('text'),
      room: maybe('number'),
      inMs: keys(named('hour day', maybe('number'))),
    }),
  ),
  outage: keys({
    ms: 'number',
    uplinks: FIT,
    downlinks: FIT,
    backlog: maybe(keys({ messages: 'number', bytes: maybe('number') })),
    drain: keys({ ms: maybe('number'), basis: 'text' }),
  }),
  whenFull: list(keys({ overflow: 'text', links: list('text'), sentence: 'text' })),
});

const HELD_PACKET = keys({
  ...named('packet name state', 'text'),
  ...named('closes firstCloseMs lastCloseMs', 'number'),
  triedAgainInMs: maybe('number'),
});

const DEAD_LETTERS = keys({
  ...named('kept keptMax gone', 'number'),
  next: maybe('number'),
  letters: list(
    keys({
      ...named('id bytes attempts', 'number'),
      subdevice: 'text',
      topic: 'text',
      reason: 'text',
      whole: 'flag',
      age: maybe(AGE),
      payload: maybe(keys({ text: maybe('text'), hex: 'text', cut: 'flag' })),
    }),
  ),
  setAside: list(HELD_PACKET),
});

const HISTORY = keys({
  step: 'text',
  nowMs: maybe('number'),
  series: list(
    keys({
      ...named('name unit kind', 'text'),
      points: list(list(maybe('number'))),
      peaks: list(maybe('number')),
    }),
  ),
});

const EVENTS = keys({
  more: 'number',
  nowMs: maybe('number'),
  events: list(
    keys({
      ...named('quality kind name subject sentence detail', 'text'),
      ...named('count boot upMs', 'number'),
      atMs: maybe('number'),
      lastAtMs: maybe('number'),
      durationMs: maybe('number'),
    }),
  ),
});

const HUB_SUBSCRIPTIONS = keys({
  subscriptions: list(
    keys({
      ...named('filter state', 'text'),
      wantedBy: list('text'),
      reason: maybe('text'),
      evidence: maybe(HELD_PACKET),
    }),
  ),
  publishes: list(HELD_PACKET),
});

const FIRMWARE = keys({
  enabled: 'flag',
  subdevices: list(
    keys({
      subdevice: 'text',
      running: maybe('text'),
      update: maybe(
        keys({
          ...named('version step', 'text'),
          ...named('bytes downloadedBytes confirmedBytes percent attempts', 'number'),
          ...named('bytesPerS etaMs', maybe('number')),
          failure: maybe(keys({ kind: 'text', code: 'number', reason: 'text' })),
          isReported: 'flag',
        }),
      ),
      rejectedOffer: maybe(keys({ version: maybe('text'), reason: 'text', remedy: 'text' })),
    }),
  ),
});

const CONFIG = keys({
  ...named('configPath runningMark state', 'text'),
  ...named('fileMark confirmation reason', maybe('text')),
  rollsBackInMs: maybe('number'),
  hub: maybe(keys({ version: 'text', keys: list('text') })),
  problems: list(keys(named('path what hint', 'text'))),
  changes: list(
    keys({ ...named('key change restarts', 'text'), old: maybe('text'), new: maybe('text'), links: list('text') }),
  ),
});

/** `from`: whether the answer needs the thread of the store. */
export const ANSWERS: Readonly<Record<AnswerPath, { readonly from: 'RAM' | 'store'; readonly shape: Shape }>> = {
  '/v1/status': { from: 'RAM', shape: STATUS },
  '/v1/ledger': { from: 'store', shape: LEDGER },
  '/v1/subdevices': { from: 'RAM', shape: SUBDEVICES },
  '/v1/hub-subscriptions': { from: 'RAM', shape: HUB_SUBSCRIPTIONS },
  '/v1/outbox': { from: 'store', shape: OUTBOX },
  '/v1/explain': { from: 'store', shape: EXPLAIN },
  '/v1/inbox': { from: 'RAM', shape: INBOX },
  '/v1/messages': { from: 'store', shape: MESSAGES },
  '/v1/forecast': { from: 'store', shape: FORECAST },
  '/v1/dead-letters': { from: 'store', shape: DEAD_LETTERS },
  '/v1/history': { from: 'store', shape: HISTORY },
  '/v1/events': { from: 'store', shape: EVENTS },
  '/v1/firmware': { from: 'RAM', shape: FIRMWARE },
  '/v1/config': { from: 'RAM', shape: CONFIG },
};

export function isAnswerPath(path: string | undefined): path is AnswerPath {
  return path !== undefined && Object.hasOwn(ANSWERS, path);
}

/** Finds the first place of an answer that cannot be used, e.g. `hub.host`; `undefined`: the whole answer can be. */
export function unusableIn(path: AnswerPath, answer: unknown): string | undefined {
  return misfit(ANSWERS[path].shape, answer);
}
