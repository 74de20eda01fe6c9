/**
 * What the control API answers: the JSON shapes, and the interface that the gateway implements to fill them.
 *
 * The command line prints these and nothing else, so whatever a technician can see, a script can read. Keys are always
 * there (`null`, never absent). Times are durations in ms, not dates: a machine without a battery clock knows ages
 * better than dates. Numbers are plain; the command line turns them into words.
 */

import type { Age } from '../../base/time.ts';
import type { LetterRequest } from '../../custody/dead-letter.ts';
import type { FlightRecorder } from '../../recorder/flight-recorder.ts';
import type { TailEvent } from '../api/tail-line.ts';
import type { ConditionCode } from '../conditions/catalogue.ts';
import type { HubSubscriptionsReport } from '../conditions/hub-packet-words.ts';
import type { DeadLettersReport } from './dead-letter-report.ts';
import type { HubReport } from './hub-report.ts';
import type { DiscardReport } from './intake-report.ts';
import type { LedgerReport } from './ledger-report.ts';
import type { LinkReport } from './link-report.ts';

/** `at risk`: nothing is lost yet, and it will be if nobody acts. `unknown`: something may be lost, and nobody can know. */
export type Losing = 'no' | 'at risk' | 'unknown' | 'yes';

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
  /** All of it 0 while `books` is `null`: nobody can tell then what the store holds. */
  readonly outbox: QueueReport;
  /** As `outbox`. */
  readonly inbox: QueueReport;
  /** The live books; `GET /v1/ledger` counts the rows on disk to see whether they are right. `null`: the storage fails. */
  readonly books: LedgerReport['totals'] | null;
  /** What ended outside custody, or was shed by it, since the process started: what lasts, and what is history. */
  readonly discarded: readonly DiscardReport[];
  readonly store: StoreReport;
  readonly recordings: RecordingsReport;
  readonly process: ProcessReport;
}

/** What the gateway knows of itself; `verdict.ts` puts the answer in front. */
export type StatusFacts = Omit<StatusReport, 'losing' | 'sentence'>;

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
  /** Where it is in RAM, e.g. "tmpfs on /tmp": a power cut loses it; `null`: it is on a disk. */
  readonly volatile: string | null;
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

/** Of the flight recorder, since the start. */
export interface RecordingsReport {
  readonly written: number;
  readonly failed: number;
  /** Old ones that gave way to them. */
  readonly removed: number;
}

export interface ProcessReport {
  readonly gateway: string;
  readonly pid: number;
  readonly version: string;
  /** Absolute path of the configuration that it was started with. */
  readonly configPath: string;
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
  /** It is asleep, and counts as lost in so long unless it wakes before; `null`: it is not asleep. */
  readonly lostInMs: number | null;
  /** Its session outlives its connection. */
  readonly lasting: boolean;
  /** Served by this configuration; `false`: removed from it. */
  readonly configured: boolean;
  /** Since its last packet in this boot; `null`: none yet. */
  readonly silentMs: number | null;
  /** `product/device` at the hub; `null` with the generic profile. */
  readonly hubIdentity: string | null;
  /** What the hub was last told and confirmed; `null`: it has no such notion, or has not answered. */
  readonly onlineAtHub: boolean | null;
  /** Does the hub let us speak for it? `unknown` until it has said so, and served all the same; `null`: no such notion. */
  readonly binding: 'bound' | 'unbound' | 'unknown' | null;
  readonly subscriptions: readonly string[];
  readonly uplinksPending: number;
  readonly downlinksPending: number;
}

/** `GET /v1/outbox`: what we owe the hub, subdevice by subdevice. */
export interface OutboxReport {
  readonly total: QueueReport;
  readonly lanes: readonly OutboxLane[];
  /** Uplinks turned away for good since the start, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** Uplinks in custody that were given up, of all starts, by reason. */
  readonly shed: Readonly<Record<string, number>>;
  /** The configuration's alarm topics are not in force before nothing waits (decisions/0014). */
  readonly alarmTopicsWait: boolean;
}

/** A subdevice has two: its alarms have one of their own. */
export interface OutboxLane {
  readonly subdevice: string;
  /** `live`: nothing in it is older than this connection. */
  readonly class: 'alarm' | 'live' | 'backlog';
  readonly messages: number;
  readonly bytes: number;
  readonly inFlight: number;
  readonly oldest: Age | null;
  readonly ratePerS: number;
  readonly etaMs: number | null;
}

/** The gateway, as those who look in see it. The synchronous ones answer from RAM and cost next to nothing. */
export interface Inspection {
  status(): StatusReport;
  ledger(): Promise<LedgerReport>;
  subdevices(): SubdevicesReport;
  hubSubscriptions(): HubSubscriptionsReport;
  outbox(): Promise<OutboxReport>;
  deadLetters(request: LetterRequest): Promise<DeadLettersReport>;
  /** Calls `listener` for each event until the returned function is called. The listener neither throws nor blocks. */
  onTail(listener: (event: TailEvent) => void): () => void;
  /** Of a link, or of `hub`; `undefined`: there is none. */
  recorder(name: string): Pick<FlightRecorder, 'subject' | 'follow'> | undefined;
}
