/**
 * Status of a gateway that does not run, from its store.
 */

import { type Age, ageOf } from '../../base/time.ts';
import { countOf } from '../words.ts';
import {
  type LaneReading,
  type LedgerReport,
  ledgerReportOf,
  type OfflineLaneReading,
  type OfflineReading,
  type StoreReading,
  unknownIn,
} from './ledger-report.ts';

/** Output of `holdfast status --json` while no gateway runs; `running` distinguishes it from a `StatusReport`. */
export interface OfflineStatus {
  readonly running: false;
  readonly sentence: string;
  readonly uplinksOnDisk: number;
  readonly downlinksOnDisk: number;
  readonly balances: boolean;
  /** Damage and losses of the medium, as the next start will find them. */
  readonly findings: readonly string[];
  /** Same as in `LedgerReport`. */
  readonly unknown: readonly string[];
  readonly store: {
    readonly path: string;
    readonly volatile: string | null;
    readonly bytes: number;
    readonly walBytes: number;
  };
}

/** @param volatile as in `StoreReport` */
export function offlineStatusOf(reading: StoreReading, volatile: string | null): OfflineStatus {
  const uplinksOnDisk = pendingOf(reading.lanes, 'uplink');
  const { balances, unknown } = offlineLedgerOf(reading);
  const safe = `${countOf(uplinksOnDisk, 'message')} for the hub ${uplinksOnDisk === 1 ? 'is' : 'are'} ${volatile === null ? 'safe on disk' : `in RAM only (${volatile}): a power cut loses them`}`;
  const doubt = ', but an unknown number of messages may be lost';
  const ledger = balances ? `The ledger balances${unknown.length === 0 ? '' : doubt}.` : 'The ledger does not balance.';
  return {
    running: false,
    sentence: `The gateway is not running: it accepts nothing, and a device that waits for no acknowledgement loses what it sends now. ${safe}. ${ledger}`,
    uplinksOnDisk,
    downlinksOnDisk: pendingOf(reading.lanes, 'downlink'),
    balances,
    findings: reading.findings,
    unknown,
    store: { path: reading.path, volatile, bytes: reading.bytes, walBytes: reading.walBytes },
  };
}

export function offlineLedgerOf(reading: StoreReading): LedgerReport {
  return ledgerReportOf(reading.lanes, 'store', { findings: reading.findings, unknown: unknownIn(reading.losses) });
}

/** Identity of this boot, and the current monotonic time, ms. */
export interface BootMoment {
  readonly bootId: string | undefined;
  readonly upMs: number;
}

/** Messages of one or more lanes. */
export interface OfflineQueue {
  readonly messages: number;
  readonly bytes: number;
  /** Age of the oldest message; `null`: no message, or its time is damaged. */
  readonly oldest: Age | null;
}

/**
 * `holdfast outbox --json` and `inbox --json` while no daemon runs: `running` distinguishes it from an `OutboxReport`.
 */
export interface OfflineOutbox {
  readonly running: false;
  readonly total: OfflineQueue;
  /** Lanes with messages. */
  readonly lanes: readonly (OfflineQueue & { readonly subdevice: string })[];
  /** Same as in `OfflineStatus`. */
  readonly findings: readonly string[];
  readonly unknown: readonly string[];
}

/** `holdfast subdevices --json` while no daemon runs: `running` distinguishes it from a `SubdevicesReport`. */
export interface OfflineSubdevices {
  readonly running: false;
  readonly subdevices: readonly OfflineSubdevice[];
  /** Same as in `OfflineStatus`. */
  readonly findings: readonly string[];
  readonly unknown: readonly string[];
}

export interface OfflineSubdevice {
  readonly id: string;
  /** Link on which the subdevice was last attached; `null`: the messages belong to no subdevice. */
  readonly link: string | null;
  /** True if the session is kept while the subdevice is away. */
  readonly lasting: boolean;
  readonly uplinks: OfflineQueue;
  readonly downlinks: OfflineQueue;
}

export function offlineOutboxOf(reading: OfflineReading, moment: BootMoment): OfflineOutbox {
  return offlineQueueOf('uplink', reading, moment);
}

export function offlineInboxOf(reading: OfflineReading, moment: BootMoment): OfflineOutbox {
  return offlineQueueOf('downlink', reading, moment);
}

function offlineQueueOf(of: LaneReading['direction'], reading: OfflineReading, moment: BootMoment): OfflineOutbox {
  const lanes = reading.lanes.filter(({ direction, pending }) => direction === of && pending > 0);
  return {
    running: false,
    total: queueOf(lanes, reading, moment),
    lanes: lanes.map((lane) => Object.assign({ subdevice: lane.subdevice }, queueOf([lane], reading, moment))),
    findings: reading.findings,
    unknown: unknownIn(reading.losses),
  };
}

export function offlineSubdevicesOf(reading: OfflineReading, moment: BootMoment): OfflineSubdevices {
  const { lanes, findings, losses } = reading;
  const known = new Map(reading.subdevices.map((subdevice) => [subdevice.id, subdevice]));
  const ids = new Set([...known.keys(), ...lanes.filter(({ pending }) => pending > 0).map(({ owner }) => owner)]);
  const queue = (id: string, direction: LaneReading['direction']): OfflineQueue => {
    const own = lanes.filter((lane) => lane.owner === id && lane.direction === direction);
    return queueOf(own, reading, moment);
  };
  const subdevices = [...ids].map((id) => ({
    id,
    link: known.get(id)?.link ?? null,
    lasting: known.get(id)?.lasting ?? false,
    uplinks: queue(id, 'uplink'),
    downlinks: queue(id, 'downlink'),
  }));
  return { running: false, subdevices, findings, unknown: unknownIn(losses) };
}

function queueOf(lanes: readonly OfflineLaneReading[], { epochs }: OfflineReading, moment: BootMoment): OfflineQueue {
  const numbers = [...epochs.values()];
  const current = numbers.find(({ bootId }) => bootId === moment.bootId)?.epoch;
  const epoch = current ?? Math.max(0, ...numbers.map((one) => one.epoch)) + 1; // no gateway has run in this boot
  const ages = lanes.flatMap(({ oldest }) =>
    oldest === undefined ? [] : ageOf(oldest, { epoch, upMs: moment.upMs }, epochs),
  );
  return {
    messages: lanes.reduce((sum, { pending }) => sum + pending, 0),
    bytes: lanes.reduce((sum, { bytes }) => sum + bytes, 0),
    oldest: ages.toSorted((one, other) => other.ms - one.ms)[0] ?? null,
  };
}

function pendingOf(lanes: readonly LaneReading[], direction: LaneReading['direction']): number {
  return lanes.reduce((sum, lane) => (lane.direction === direction ? sum + lane.pending : sum), 0);
}
