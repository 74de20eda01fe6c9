/**
 * What the control API answers: the JSON shapes, and the interface that the gateway implements to fill them.
 *
 * The command line prints these and nothing else, so whatever a technician can see, a script can read. Keys are always
 * there (`null`, never absent). Times are durations in ms, not dates: a machine without a battery clock knows ages
 * better than dates. Numbers are plain; the command line turns them into words.
 */

import type { Age } from '../base/time.ts';
import type { LedgerReport } from './ledger-report.ts';

/** `at risk`: nothing is lost yet, and it will be if nobody acts. */
export type Losing = 'no' | 'at risk' | 'yes';

/** `GET /v1/status`. The first two fields answer the technician's first question. */
export interface StatusReport {
  /** Is it losing data? The worst of the conditions. */
  readonly losing: Losing;
  /** The same as a sentence, with the number that matters. */
  readonly sentence: string;
  /** What is not as it should be, the worst first; at most one per code and subject. */
  readonly conditions: readonly Condition[];
  readonly hub: HubReport;
  readonly links: readonly LinkReport[];
  readonly outbox: QueueReport;
  readonly inbox: QueueReport;
  readonly store: StoreReport;
  readonly process: ProcessReport;
}

/** What the gateway knows of itself; `verdict.ts` puts the answer in front. */
export type StatusFacts = Omit<StatusReport, 'losing' | 'sentence'>;

export type ConditionCode =
  | 'hub-away'
  | 'hub-refuses'
  | 'hub-session-lost'
  | 'hub-taken-over'
  | 'hub-subscriptions-full'
  | 'link-down'
  | 'outbox-filling'
  | 'outbox-full'
  | 'inbox-shedding'
  | 'shedding'
  | 'dead-letters'
  | 'damaged-rows'
  | 'ledger-unbalanced'
  | 'store-full'
  | 'store-failed'
  | 'store-slow'
  | 'store-recovered'
  | 'clock-untrusted'
  | 'clock-overruled'
  | 'stopping';

export interface Condition {
  readonly code: ConditionCode;
  /** What this one alone means for the data. */
  readonly losing: Losing;
  /** For how long it has stood. */
  readonly forMs: number;
  /** What is the case: a whole sentence. */
  readonly sentence: string;
  /** What to do now: a whole sentence; `null` if there is nothing to do but wait. */
  readonly hint: string | null;
}

export type HubState = 'stopped' | 'connecting' | 'connected' | 'waiting to reconnect';

export interface HubReport {
  readonly profile: string;
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly state: HubState;
  /** How long it has been connected, or how long it has been away (over failed attempts); `null`: never connected. */
  readonly since: Age | null;
  /** What the last CONNACK said; `null` before the first. */
  readonly sessionPresent: boolean | null;
  /** Sessions the hub lost though we expected them: downlinks may be missing. */
  readonly sessionsLost: number;
  /** Why the last connection or attempt ended; `null`: none has. */
  readonly lastProblem: string | null;
  /** When the next attempt is made; `null` unless waiting. */
  readonly nextAttemptInMs: number | null;
  /** Filters held at the hub, and how many it allows (0 = no limit). */
  readonly subscriptions: number;
  readonly subscriptionsMax: number;
  /** What the hub stored for us while we were away and is sending now; `null`: no replay is running. */
  readonly replay: ReplayReport | null;
}

export interface ReplayReport {
  readonly received: number;
  /** The most the hub stores; it does not say how many there are. */
  readonly expectedMax: number;
  /** At most so long, at the hub's pace. */
  readonly etaMs: number;
}

export type LinkState = 'stopped' | 'opening' | 'open' | 'waiting to reopen';

export interface LinkReport {
  readonly name: string;
  readonly path: string;
  readonly driver: string;
  readonly state: LinkState;
  /** How long it has been in this state; `waiting` and `opening` count as one. */
  readonly forMs: number;
  /** Why it last closed; `null`: it never has. */
  readonly lastProblem: string | null;
  /** Ids attached now. */
  readonly subdevices: readonly string[];
  readonly counters: LinkCountersReport;
}

/** Since the process started; they only grow. */
export interface LinkCountersReport {
  readonly openings: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly framesIn: number;
  readonly framesOut: number;
  readonly crcErrors: number;
  readonly oversizeFrames: number;
  readonly malformedPackets: number;
  readonly unexpectedPackets: number;
  readonly duplicates: number;
  readonly retries: number;
}

/** One direction as a whole. */
export interface QueueReport {
  /** Messages in our custody: on disk, in RAM or in flight. */
  readonly messages: number;
  readonly bytes: number;
  /** Of these, safe on disk. */
  readonly onDisk: number;
  /** Of these, sent and not yet acknowledged. */
  readonly inFlight: number;
  /** `null`: nothing is waiting. */
  readonly oldest: Age | null;
  /** Settled messages per second, smoothed; 0 while nothing moves. */
  readonly ratePerS: number;
  /** Until nothing is left, at this rate and this inflow; `null`: cannot be said. */
  readonly etaMs: number | null;
  /** Bounds; for the inbox per subdevice. `bytesMax` 0 = not bounded by bytes of its own. */
  readonly messagesMax: number;
  readonly bytesMax: number;
  readonly overflow: string;
}

export interface StoreReport {
  readonly path: string;
  readonly bytes: number;
  readonly walBytes: number;
  /** Free bytes of the file system that holds it. */
  readonly freeBytes: number | null;
  readonly commits: number;
  /** Written to flash by this process since it started, as the kernel counts it; `null`: it does not say. */
  readonly flashBytesWritten: number | null;
  /** What recovery did at the last opening, one sentence each. */
  readonly recovery: readonly string[];
}

export interface ProcessReport {
  readonly gateway: string;
  readonly pid: number;
  readonly version: string;
  readonly uptimeMs: number;
  readonly rssBytes: number;
  /** The wall clock is good enough to date messages. */
  readonly clockTrusted: boolean;
}

/** `GET /v1/subdevices` */
export interface SubdevicesReport {
  readonly subdevices: readonly SubdeviceReport[];
}

export interface SubdeviceReport {
  readonly id: string;
  /** Where it is, or was last seen; `null`: never seen. */
  readonly link: string | null;
  readonly attached: boolean;
  /** Its session outlives its connection. */
  readonly lasting: boolean;
  /** Since its last packet in this boot; `null`: none yet. */
  readonly silentMs: number | null;
  /** `product/device` at the hub; `null` with the generic profile. */
  readonly hubIdentity: string | null;
  /** What the hub was last told and confirmed; `null`: it has no such notion, or has not answered. */
  readonly onlineAtHub: boolean | null;
  readonly subscriptions: readonly string[];
  readonly uplinksPending: number;
  readonly downlinksPending: number;
}

/** `GET /v1/outbox`: what we owe the hub, subdevice by subdevice. */
export interface OutboxReport {
  readonly total: QueueReport;
  readonly lanes: readonly OutboxLane[];
}

export interface OutboxLane {
  readonly subdevice: string;
  readonly messages: number;
  readonly bytes: number;
  readonly inFlight: number;
  readonly oldest: Age | null;
  readonly ratePerS: number;
  readonly etaMs: number | null;
}

/** `GET /v1/tail`: one JSON object per line, as things happen. */
export type TailLine = TailEvent | TailSkipped;

/** Something that has happened. */
export interface TailEvent {
  readonly kind: 'event';
  /** Monotonic ms of this boot. */
  readonly upMs: number;
  /** Unix ms, as good as the machine's clock (`ProcessReport.clockTrusted`). */
  readonly wallMs: number;
  /** Past tense, camel case: `uplinkAccepted`, `hubLost`. */
  readonly name: string;
  /** The same in words. */
  readonly sentence: string;
  readonly detail: Readonly<Record<string, string | number | boolean | null>>;
}

/** This reader was too slow: so many events were not sent to it. */
export interface TailSkipped {
  readonly kind: 'skipped';
  readonly events: number;
}

/** The gateway, as those who look in see it. The synchronous ones answer from RAM and cost next to nothing. */
export interface Inspection {
  status(): StatusReport;
  ledger(): Promise<LedgerReport>;
  subdevices(): SubdevicesReport;
  outbox(): Promise<OutboxReport>;
  /** Calls `listener` for each event until the returned function is called. The listener neither throws nor blocks. */
  onTail(listener: (event: TailEvent) => void): () => void;
}
