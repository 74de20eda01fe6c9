/**
 * Report of the ledger: `GET /v1/ledger`, and the same from the store of a gateway that does not run.
 *
 * Both are made here from readings of lanes, so both count in the same way. Source of the sum: `custody/ledger.ts`.
 */
import type { Direction } from '../../base/message.ts';
import type { Epoch, Stamp } from '../../base/time.ts';
import { addCounts, type Counts, imbalance, type ShedReason, ZERO } from '../../custody/ledger.ts';
import type { LossRow } from '../../custody/row.ts';
import type { DiscardReport } from './intake-report.ts';

/**
 * Answer of `GET /v1/ledger`: accepted = delivered + pending + shed + dead + damaged, for every subdevice and
 * direction.
 */
export interface LedgerReport {
  readonly balances: boolean;
  /** `running`: answered by the gateway. `store`: read from the file while no gateway runs. */
  readonly source: 'running' | 'store';
  /** One per subdevice and direction that ever carried a message, by subdevice. */
  readonly lanes: readonly LedgerLane[];
  readonly totals: Readonly<Record<Direction, LedgerSum>>;
  /** Damage and losses of the medium as the next start will find them; only if read from the store. */
  readonly findings: readonly string[];
  /** Causes of losses of unknown size, which are in no sum here; empty: none. */
  readonly unknown: readonly string[];
  /** Discarded and shed messages since the process started; empty if read from the store. */
  readonly discarded: readonly DiscardReport[];
}

export interface LedgerSum {
  readonly accepted: number;
  readonly delivered: number;
  readonly pending: number;
  readonly shed: Readonly<Partial<Record<ShedReason, number>>>;
  readonly dead: number;
  readonly damaged: number;
  /** accepted minus all others; 0 if the ledger balances. */
  readonly imbalance: number;
}

export interface LedgerLane extends LedgerSum {
  readonly subdevice: string;
  readonly direction: Direction;
}

/** Input of a ledger line, from the gateway or from the store. */
export interface LaneReading {
  readonly subdevice: string;
  readonly direction: Direction;
  readonly counts: Counts;
  /** Messages accepted and not yet settled, counted row by row. */
  readonly pending: number;
}

/** Input of the ledger and the status of a gateway that does not run. */
export interface StoreReading {
  readonly path: string;
  readonly bytes: number;
  readonly walBytes: number;
  readonly lanes: readonly LaneReading[];
  /** Damage and losses of the medium, one sentence each. */
  readonly findings: readonly string[];
  readonly losses: readonly LossRow[];
}

/** Contents of the store of a gateway that does not run. */
export interface OfflineReading extends StoreReading {
  readonly lanes: readonly OfflineLaneReading[];
  readonly subdevices: readonly { readonly id: string; readonly link: string; readonly lasting: boolean }[];
  readonly epochs: ReadonlyMap<number, Epoch>;
}

export interface OfflineLaneReading extends LaneReading {
  /** Subdevice of the lane, also of an alarm lane. */
  readonly owner: string;
  readonly bytes: number;
  /** Stamp of the oldest message; `undefined`: no message, or a damaged one. */
  readonly oldest: Stamp | undefined;
}

/** Causes of losses of unknown size, each once. */
export function unknownIn(losses: readonly LossRow[]): string[] {
  return [...new Set(losses.flatMap(({ unknown }) => unknown ?? []))];
}

/** Adds the lanes up. Each lane has to balance by itself. */
export function ledgerReportOf(
  readings: readonly LaneReading[],
  source: LedgerReport['source'],
  beside: Partial<Pick<LedgerReport, 'findings' | 'unknown' | 'discarded'>> = {},
): LedgerReport {
  const lanes = readings
    .map((reading) => ({
      subdevice: reading.subdevice,
      direction: reading.direction,
      ...ledgerSum(reading.counts, reading.pending),
    }))
    .sort(bySubdevice);
  return {
    balances: lanes.every((lane) => lane.imbalance === 0),
    source,
    lanes,
    totals: { uplink: totalOf(readings, 'uplink'), downlink: totalOf(readings, 'downlink') },
    findings: beside.findings ?? [],
    unknown: beside.unknown ?? [],
    discarded: beside.discarded ?? [],
  };
}

function totalOf(readings: readonly LaneReading[], direction: Direction): LedgerSum {
  const wanted = readings.filter((reading) => reading.direction === direction);
  const counts = wanted.reduce((sum, reading) => addCounts(sum, reading.counts), ZERO);
  return ledgerSum(
    counts,
    wanted.reduce((sum, reading) => sum + reading.pending, 0),
  );
}

export function ledgerSum(counts: Counts, pending: number): LedgerSum {
  const { accepted, delivered, shed, dead, damaged } = counts;
  return { accepted, delivered, pending, shed, dead, damaged, imbalance: imbalance(counts, pending) };
}

/** Order by id, and the uplink of a subdevice before its downlink. */
function bySubdevice(left: LedgerLane, right: LedgerLane): number {
  if (left.subdevice !== right.subdevice) return left.subdevice < right.subdevice ? -1 : 1;
  return left.direction < right.direction ? 1 : -1;
}
