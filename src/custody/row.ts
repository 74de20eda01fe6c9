/**
 * What the durable half holds, as the rest of the program sees it. Shapes only.
 *
 * A *lane* is the ordered queue of one subdevice in one direction; its number is the subdevice's durable number.
 * `seq` rises over all lanes of a direction and is never used twice, over restarts and crashes too.
 */
import type { Direction, Message, Qos, Retaining } from '../base/message.ts';
import type { Epoch, Stamp } from '../base/time.ts';
import type { Counts } from './ledger.ts';

export interface Row extends Retaining {
  readonly seq: number;
  readonly lane: number;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly stamp: Stamp;
}

export interface RowPage {
  readonly rows: readonly Row[];
  /** Every row of the wanted lanes up to this `seq` is in `rows`; the scan went no further. */
  readonly scannedTo: number;
  /** Nothing lies behind `scannedTo`, in any lane. */
  readonly atEnd: boolean;
  /** Rows whose CRC did not hold: damaged, never passed on. */
  readonly damaged: readonly { readonly seq: number; readonly lane: number; readonly bytes: number }[];
}

export interface SubdeviceRow {
  readonly lane: number;
  /** The MQTT-SN client id, or the name the configuration gives. */
  readonly id: string;
  /** Its session outlives its connection (clean session = 0). */
  readonly lasting: boolean;
  /** The link it was last seen on. */
  readonly link: string;
}

export interface SubscriptionRow {
  readonly lane: number;
  /** As the hub knows it: mapped from the subdevice's own name. */
  readonly filter: string;
  readonly qos: Qos;
}

export interface TopicIdRow {
  readonly lane: number;
  readonly topicId: number;
  /** The subdevice's own name for the topic. */
  readonly topic: string;
}

/** What is published when a subdevice with a lasting session is lost. */
export interface WillRow extends Will {
  readonly lane: number;
}

/** The topic is the subdevice's own name for it. */
export interface Will extends Message {
  /** Silence after which the subdevice counts as lost, ms; 0 = it is not connected, or may be silent for ever. */
  readonly aliveMs: number;
}

/** What was last delivered to a subdevice on a topic; hashes, '' where there is none. */
export interface CommandMark {
  readonly lane: number;
  readonly topic: string;
  readonly last: string;
  /** Of the last message that the hub had retained. */
  readonly retained: string;
}

/** The mirror of the hub's session with this gateway. */
export interface HubSessionRow {
  /** The hub said yes at least once, and has not lost the session since as far as we know. */
  readonly expected: boolean;
  /** A connection was up when this was written; a crash leaves it so. */
  readonly connected: boolean;
  /** When the connection was last seen to come up or go down. */
  readonly changedAt: Stamp | undefined;
  /** CRC-32 of the hub's host and our client id there; 0 = not known. */
  readonly owner: number;
  /** Sessions the hub lost though we expected them. */
  readonly lostCount: number;
}

/** Downlinks may be missing that were sent to us since `from`, and nobody has dealt with that yet. */
export interface Gap {
  readonly reason: GapReason;
  /** The end of the last connection before it; if nobody saw that, its beginning. */
  readonly from: Stamp;
}

export type GapReason = 'session lost' | 'away longer than the hub keeps messages' | 'the hub’s store was full';

/** What an opening of the store found lost. */
export interface LossRow {
  readonly at: Stamp;
  /** Counted as damaged in the ledger. */
  readonly messages: number;
  /** Why more may be missing than anybody can count; `undefined`: nothing more is. */
  readonly unknown: string | undefined;
}

/** What one lane has on disk, without reading a row of it. */
export interface LaneBacklog {
  readonly direction: Direction;
  readonly lane: number;
  readonly rows: number;
  readonly bytes: number;
}

/** What an opening store knows. Its size does not depend on the backlog. */
export interface StoreOpening {
  readonly now: Stamp;
  /** No earlier process of this boot has opened the store. */
  readonly isFirstOfBoot: boolean;
  readonly epochs: ReadonlyMap<number, Epoch>;
  readonly subdevices: readonly SubdeviceRow[];
  readonly subscriptions: readonly SubscriptionRow[];
  readonly topicIds: readonly TopicIdRow[];
  readonly wills: readonly WillRow[];
  readonly commandMarks: readonly CommandMark[];
  /** Filters the hub granted us, as far as we know. */
  readonly grantedFilters: readonly string[];
  readonly hubSession: HubSessionRow;
  readonly hubGap: Gap | undefined;
  /** Filters under which the uplinks on disk were sorted into lanes. */
  readonly alarmTopics: readonly string[];
  readonly backlog: readonly LaneBacklog[];
  readonly counts: readonly LaneCounts[];
  /** First free `seq` of each direction. */
  readonly nextSeq: Readonly<Record<Direction, number>>;
  /** What recovery did, in one sentence each; empty when there was nothing to do. */
  readonly recovery: readonly string[];
  /** What openings found lost, this one and those before, until somebody acknowledges it; in the ledger as damaged. */
  readonly losses: readonly LossRow[];
  /** Rows of the store's own records (sessions, counters, …) that the opening found damaged and took out. */
  readonly damagedRecords: number;
}

export interface LaneCounts {
  readonly direction: Direction;
  readonly lane: number;
  readonly counts: Counts;
}

/** Durable counters and rows really counted, in one snapshot. */
export interface Tally {
  readonly counts: readonly LaneCounts[];
  readonly rows: readonly LaneBacklog[];
}
