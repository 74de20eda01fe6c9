/**
 * What can be said of a gateway that does not run, from a reading of its file.
 */

import { countOf } from '../words.ts';
import {
  type LaneReading,
  type LedgerReport,
  ledgerReportOf,
  type OfflineReading,
  unknownIn,
} from './ledger-report.ts';

/** `holdfast status --json` while no daemon runs: `running` tells it from a `StatusReport`. */
export interface OfflineStatus {
  readonly running: false;
  readonly sentence: string;
  readonly uplinksOnDisk: number;
  readonly downlinksOnDisk: number;
  readonly balances: boolean;
  /** What the medium has damaged or lost, as the next start will find it. */
  readonly findings: readonly string[];
  /** As in `LedgerReport`. */
  readonly unknown: readonly string[];
  readonly store: {
    readonly path: string;
    readonly volatile: string | null;
    readonly bytes: number;
    readonly walBytes: number;
  };
}

/** @param volatile as in `StoreReport` */
export function offlineStatusOf(reading: OfflineReading, volatile: string | null): OfflineStatus {
  const uplinksOnDisk = pendingOf(reading.lanes, 'uplink');
  const { balances, unknown } = offlineLedgerOf(reading);
  const safe = `${countOf(uplinksOnDisk, 'message')} for the hub ${uplinksOnDisk === 1 ? 'is' : 'are'} ${volatile === null ? 'safe on disk' : `in RAM only (${volatile}): a power cut loses them`}`;
  const doubt = ' as far as it goes: messages may be missing that nobody can count';
  const books = balances ? `The ledger balances${unknown.length === 0 ? '' : doubt}.` : 'The ledger does not balance.';
  return {
    running: false,
    sentence: `The gateway is not running: it accepts nothing. ${safe}. ${books}`,
    uplinksOnDisk,
    downlinksOnDisk: pendingOf(reading.lanes, 'downlink'),
    balances,
    findings: reading.findings,
    unknown,
    store: { path: reading.path, volatile, bytes: reading.bytes, walBytes: reading.walBytes },
  };
}

export function offlineLedgerOf(reading: OfflineReading): LedgerReport {
  return ledgerReportOf(reading.lanes, 'store', { findings: reading.findings, unknown: unknownIn(reading.losses) });
}

function pendingOf(lanes: readonly LaneReading[], direction: LaneReading['direction']): number {
  return lanes.reduce((sum, lane) => (lane.direction === direction ? sum + lane.pending : sum), 0);
}
