/**
 * Content of the store in the form that the rest of the program uses. Type declarations only.
 *
 * A *lane* is the ordered queue of one subdevice in one direction; its number is the subdevice's durable number. `seq`
 * rises over all lanes of a direction. No value is used twice, not even after restarts and crashes.
 */
import type { MachineEvidence } from '../base/machine-identity.ts';
import type { Direction, Message, Qos, Retaining } from '../base/message.ts';
import type { Epoch, Stamp } from '../base/time.ts';
import type { Counts } from './ledger.ts';
import type { OperatorHold } from './operator-hold.ts';

export interface Row extends Retaining {
  readonly seq: number;
  readonly lane: number;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly stamp: Stamp;
}

/** Rows that a lane can take from disk. */
export interface LaneWant {
  /** Lowest `seq` wanted. */
  readonly from: number;
  /** Largest number of rows, at least 1. */
  readonly rows: number;
  /** Topics that are passed over: rows on them are counted in `RowPage.passed`. */
  readonly filters?: readonly string[];
  /** Numbers of rows that are left out and not counted. */
  readonly skip?: ReadonlySet<number>;
}

/** Rows of one lane that were passed over because of an operator hold. */
export interface PassedRows {
  readonly lane: number;
  readonly rows: number;
  readonly bytes: number;
  /** Lowest number of these rows. */
  readonly from: number;
}

/** Lane number → rows that the lane can take. */
export type LaneWants = ReadonlyMap<number, LaneWant>;

export interface RowPage {
  readonly rows: readonly Row[];
  /**
   * `seq` at which the scan stopped. Every row of the wanted lanes up to this `seq` is in `rows` or `passed`. If a lane has
   * received as many rows as it wanted, it may have further rows that are not in `rows`.
   */
  readonly scannedTo: number;
  /** True if no lane has a row after `scannedTo`. */
  readonly atEnd: boolean;
  /** Rows with a wrong CRC: damaged, never passed on. */
  readonly damaged: readonly { readonly seq: number; readonly lane: number; readonly bytes: number }[];
  /** Rows that were passed over because of an operator hold, one element for each lane with such rows. Absent: none. */
  readonly passed?: readonly PassedRows[];
}

export interface SubdeviceRow {
  readonly lane: number;
  /** MQTT-SN client id, or the name in the configuration. */
  readonly id: string;
  /** True if the session outlives its connection (clean session = 0). */
  readonly lasting: boolean;
  /** Link on which the subdevice was last seen. */
  readonly link: string;
}

export interface SubscriptionRow {
  readonly lane: number;
  /** Filter in the form that the hub uses, mapped from the subdevice's own name. */
  readonly filter: string;
  readonly qos: Qos;
}

export interface TopicIdRow {
  readonly lane: number;
  readonly topicId: number;
  /** Topic name in the form that the subdevice uses. */
  readonly topic: string;
}

/** Message that is published when a subdevice with a lasting session is lost. */
export interface WillRow extends Will {
  readonly lane: number;
}

/** Will of a subdevice. The topic is the name that the subdevice uses. */
export interface Will extends Message {
  /**
   * Silence after which the subdevice counts as lost, ms. 0: the subdevice is not connected, or may be silent without
   * limit.
   */
  readonly aliveMs: number;
}

/** Hashes of the last messages delivered to a subdevice on a topic. '': there was none. */
export interface CommandMark {
  readonly lane: number;
  readonly topic: string;
  readonly last: string;
  /** Hash of the last message that the hub had retained. */
  readonly retained: string;
}

/** Stored state of the hub's session with this gateway. */
export interface HubSessionRow {
  /** True if the hub confirmed the session at least once, and no loss of the session is known since then. */
  readonly expected: boolean;
  /** True if the gateway was connected when this row was written. After a crash the value stays true. */
  readonly connected: boolean;
  /** Time of the last observed connect or disconnect. */
  readonly changedAt: Stamp | undefined;
  /** CRC-32 of the hub's host and of the gateway's client id at that hub. 0: unknown. */
  readonly owner: number;
  /** Number of sessions that the hub lost although they were expected. */
  readonly lostCount: number;
}

/** Possible loss of downlinks sent since `from`, not yet handled. */
export interface Gap {
  readonly reason: GapReason;
  /** End of the last connection before the gap, or the beginning of that connection if its end was not observed. */
  readonly from: Stamp;
}

export type GapReason =
  | 'session lost'
  | 'away longer than the hub keeps messages'
  | 'the hub’s store was full'
  | 'another client may have used our session';

/** Loss found by an opening of the store. */
export interface LossRow {
  readonly at: Stamp;
  /** Number of messages that the ledger counts as damaged. */
  readonly messages: number;
  /** Reason why the number of missing messages is uncertain. `undefined`: `messages` is exact. */
  readonly unknown: string | undefined;
}

/** Limit of the backlog that an operator has set. The limit ends by itself `forMs` after `since`. */
export interface BacklogLimit {
  readonly kind: 'pause' | 'rate';
  /** Messages per 10 s. 0: a pause. */
  readonly tenthsPerS: number;
  readonly since: Stamp;
  readonly forMs: number;
}

/** Rows and bytes of one lane on disk, known without reading a row. */
export interface LaneBacklog {
  readonly direction: Direction;
  readonly lane: number;
  readonly rows: number;
  readonly bytes: number;
}

/** Content of the store at its opening. The size does not depend on the backlog. */
export interface StoreOpening {
  readonly now: Stamp;
  /** True if no earlier process of this boot has opened the store. */
  readonly isFirstOfBoot: boolean;
  readonly epochs: ReadonlyMap<number, Epoch>;
  readonly subdevices: readonly SubdeviceRow[];
  readonly subscriptions: readonly SubscriptionRow[];
  readonly topicIds: readonly TopicIdRow[];
  readonly wills: readonly WillRow[];
  readonly commandMarks: readonly CommandMark[];
  /** Filters that the hub granted, as far as known. */
  readonly grantedFilters: readonly string[];
  readonly hubSession: HubSessionRow;
  readonly hubGap: Gap | undefined;
  /** Filters by which the uplinks on disk were sorted into lanes. */
  readonly alarmTopics: readonly string[];
  readonly holds: readonly OperatorHold[];
  readonly backlog: readonly LaneBacklog[];
  /** At most one limit of each kind. */
  readonly backlogLimits: readonly BacklogLimit[];
  /** Machine that owns the store; `undefined`: none is known. */
  readonly machine: MachineEvidence | undefined;
  readonly counts: readonly LaneCounts[];
  /** First free `seq` of each direction. */
  readonly nextSeq: Readonly<Record<Direction, number>>;
  /** Actions of the store recovery, one sentence each. Empty: no recovery was needed. */
  readonly recovery: readonly string[];
  /** Losses found by this and earlier openings that no operator has acknowledged. The ledger counts them as damaged. */
  readonly losses: readonly LossRow[];
  /** Number of the store's own records (sessions, counters, …) that the opening found damaged and removed. */
  readonly damagedRecords: number;
  /** True if the opening found damage and repaired the store, also if no message or record is missing. */
  readonly isDamaged: boolean;
}

export interface LaneCounts {
  readonly direction: Direction;
  readonly lane: number;
  readonly counts: Counts;
}

/** Durable counters and counted rows, from one snapshot. */
export interface Tally {
  readonly counts: readonly LaneCounts[];
  readonly rows: readonly LaneBacklog[];
}
