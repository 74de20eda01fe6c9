/**
 * Answers of the control API as types.
 *
 * The command line prints only these, so a script can read everything that a technician can see. Keys are always
 * present (`null`, never absent). Times are durations in ms and not dates, since a machine without a battery clock
 * knows ages better than dates. Numbers are plain; the command line formats them.
 */

import type { DeviceIdentity } from '../../base/device-note.ts';
import type { Age } from '../../base/time.ts';
import type { BacklogState } from '../../flow/backlog-control.ts';
import type { ConditionCode } from '../conditions/catalogue.ts';
import type { HoldReport } from '../queues/hold-report.ts';
import type { FirmwareCounts } from './firmware-updates-report.ts';
import type { HubReport } from './hub-report.ts';
import type { DiscardReport } from './intake-report.ts';
import type { LedgerReport } from './ledger-report.ts';
import type { LinkReport } from './link-report.ts';
import type { MediumReport } from './medium-report.ts';
import type { OutlookReport } from './outlook.ts';

/** `at risk`: nothing is lost yet, but data will be lost without action. `unknown`: an unknown amount may be lost. */
export type Losing = 'no' | 'at risk' | 'unknown' | 'yes';

/** Answer of `GET /v1/status`. The first two fields are the verdict. */
export interface StatusReport {
  /** Worst effect on data of all conditions. */
  readonly losing: Losing;
  /** Verdict as a sentence, with the most important number. */
  readonly sentence: string;
  /** Conditions, the worst first; at most one per code and subject. */
  readonly conditions: readonly Condition[];
  readonly hub: HubReport;
  readonly links: readonly LinkReport[];
  readonly subdevices: SubdeviceCounts;
  /** All values are 0 while `ledger` is `null`, since the contents of the store are unknown then. */
  readonly outbox: QueueReport;
  readonly outlook: OutlookReport;
  /** Same as `outbox`. */
  readonly inbox: QueueReport;
  /** Live counters of the ledger; `GET /v1/ledger` checks them against the rows on disk. `null`: the storage fails. */
  readonly ledger: LedgerReport['totals'] | null;
  /** Discarded and shed messages since the process started, current and past. */
  readonly discarded: readonly DiscardReport[];
  readonly firmware: FirmwareCounts;
  readonly store: StoreReport;
  readonly medium: MediumReport;
  readonly recordings: RecordingsReport;
  readonly process: ProcessReport;
}

/** Facts for a status report; `verdict.ts` adds the verdict. */
export type StatusFacts = Omit<StatusReport, 'losing' | 'sentence'>;

export interface Condition {
  readonly code: ConditionCode;
  /** Effect of this condition alone on data. */
  readonly losing: Losing;
  /** Duration of the condition, ms. */
  readonly forMs: number;
  /** Whole sentence that says what happened. */
  readonly sentence: string;
  /** Whole sentence that says what to do; `null`: wait. */
  readonly hint: string | null;
}

/** Known and configured subdevices by state. */
export interface SubdeviceCounts {
  readonly connected: number;
  readonly asleep: number;
  /** Not connected, and seen at least once. */
  readonly away: number;
  readonly neverSeen: number;
}

/** Queue of one direction. */
export interface QueueReport {
  /** Messages in custody: on disk, in RAM or in flight. */
  readonly messages: number;
  readonly bytes: number;
  /** Messages that are safe on disk. */
  readonly onDisk: number;
  /** Messages that are sent and not yet acknowledged. */
  readonly inFlight: number;
  /** Age of the oldest message; `null`: nothing is waiting. */
  readonly oldest: Age | null;
  /** Settled messages per second, smoothed; 0 while nothing moves. */
  readonly ratePerS: number;
  /** Time to drain at this rate and inflow, ms; `null`: unknown. */
  readonly etaMs: number | null;
  /** Bounds of the queue; for the inbox the bounds per subdevice. `bytesMax` 0 = no bound on bytes. */
  readonly messagesMax: number;
  readonly bytesMax: number;
  readonly overflow: string;
}

export interface StoreReport {
  readonly path: string;
  /** Place in RAM, e.g. "tmpfs on /tmp", lost by a power cut; `null`: the store is on a disk. */
  readonly volatile: string | null;
  readonly bytes: number;
  readonly walBytes: number;
  /** Free bytes of the file system of the store. */
  readonly freeBytes: number | null;
  readonly commits: number;
  /** Bytes written to flash by this process since its start, as the kernel counts; `null`: not reported. */
  readonly flashBytesWritten: number | null;
  /** Part of the bytes that the history has caused since the start (docs/history.md). */
  readonly historyBytesWritten: number;
  /** Results of the store recovery at the start, one sentence each. */
  readonly recovery: readonly string[];
}

/** Recordings of the flight recorder since the start. */
export interface RecordingsReport {
  readonly written: number;
  readonly failed: number;
  /** Old recordings deleted to make room. */
  readonly removed: number;
}

export interface ProcessReport {
  readonly gateway: string;
  readonly pid: number;
  readonly version: string;
  /** Absolute path of the configuration at the start. */
  readonly configPath: string;
  /** Digest of the text that the gateway runs with: the file with the changes of the hub. */
  readonly configMark: string;
  /** Version of the changes of the hub over the file; `null`: none. */
  readonly hubConfigVersion: string | null;
  readonly uptimeMs: number;
  readonly rssBytes: number;
  /** The wall clock is synchronised, so it may date messages. */
  readonly clockTrusted: boolean;
}

/** Answer of `GET /v1/subdevices`. */
export interface SubdevicesReport {
  readonly subdevices: readonly SubdeviceReport[];
}

export interface SubdeviceReport {
  readonly id: string;
  /** Current or last link; `null`: never seen. */
  readonly link: string | null;
  readonly attached: boolean;
  /** Time after which an asleep subdevice counts as lost, ms; `null`: not asleep. */
  readonly lostInMs: number | null;
  /** The session outlives the connection. */
  readonly lasting: boolean;
  /** True if the subdevice is in the configuration; `false`: removed from it. */
  readonly configured: boolean;
  /** Time since the last packet in this boot, ms; `null`: none yet. */
  readonly silentMs: number | null;
  /** Id of its device profile; `null`: none. */
  readonly profile: string | null;
  /** `product/device` at the hub; `null` with the generic profile. */
  readonly hubIdentity: string | null;
  /** Last presence confirmed by the hub; `null`: the hub has no presence, or has not answered. */
  readonly onlineAtHub: boolean | null;
  /** Binding at the hub. `unknown`: no answer yet, the subdevice is served; `null`: the hub has no bindings. */
  readonly binding: 'bound' | 'unbound' | 'unknown' | null;
  /** Points that the subdevice refuses to send, with the reason: `b (holding 9): illegal data address`. */
  readonly refused: readonly string[];
  /** Texts by which the subdevice identifies itself; `null`: not known. `link test` asks Modbus units. */
  readonly identity: DeviceIdentity | null;
  readonly subscriptions: readonly string[];
  readonly uplinksPending: number;
  readonly downlinksPending: number;
  /** Uplinks accepted, and downlinks delivered, of all starts. */
  readonly uplinksAccepted: number;
  readonly downlinksDelivered: number;
}

/** Answer of `GET /v1/outbox`: uplinks waiting for the hub, by subdevice. */
export interface OutboxReport {
  readonly total: QueueReport;
  readonly lanes: readonly OutboxLane[];
  /** Uplinks rejected permanently since the start, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** Uplinks shed from custody, of all starts, by reason. */
  readonly shed: Readonly<Record<string, number>>;
  /** Dead letters, of all starts. */
  readonly dead: number;
  /** The configured alarm topics apply only when the outbox is empty (docs/decisions/0014). */
  readonly alarmTopicsWait: boolean;
  /** Limits of the backlog that an operator has set. */
  readonly backlog: BacklogState;
  /** Operator holds on uplinks. */
  readonly holds: readonly HoldReport[];
}

/** Answer of `GET /v1/inbox`: downlinks waiting for subdevices. */
export interface InboxReport {
  readonly total: QueueReport;
  readonly lanes: readonly InboxLane[];
  /** Downlinks shed, of all starts, by reason. */
  readonly shed: Readonly<Record<string, number>>;
  /** Operator holds on downlinks. */
  readonly holds: readonly HoldReport[];
}

export interface InboxLane {
  readonly subdevice: string;
  readonly isConnected: boolean;
  readonly messages: number;
  readonly bytes: number;
  readonly inFlight: number;
  /** Messages that an operator hold keeps from the subdevice. */
  readonly onHold: number;
  readonly oldest: Age | null;
}

/** Answer of the commands for the backlog. */
export interface BacklogReport extends BacklogState {
  /** Messages in the outbox. */
  readonly messages: number;
}

/** Lane of the outbox. A subdevice has two: one is for alarms. */
export interface OutboxLane {
  readonly subdevice: string;
  /** `live`: no message is older than this connection. */
  readonly class: 'alarm' | 'live' | 'backlog';
  readonly messages: number;
  readonly bytes: number;
  readonly inFlight: number;
  /** Messages that an operator hold keeps from the hub. */
  readonly onHold: number;
  readonly oldest: Age | null;
  readonly ratePerS: number;
  readonly etaMs: number | null;
}
