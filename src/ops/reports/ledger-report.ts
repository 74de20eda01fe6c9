/**
 * The ledger as it is shown: `GET /v1/ledger`, and the same from the file of a gateway that does not run.
 *
 * Both are made here from readings of lanes, so both count alike. Source of the sum: `custody/ledger.ts`.
 */
import type { Direction } from '../../base/message.ts';
import type { Epoch, Stamp } from '../../base/time.ts';
import { addCounts, type Counts, imbalance, type ShedReason, ZERO } from '../../custody/ledger.ts';
import type { LossRow } from '../../custody/row.ts';
import type { DiscardReport } from './intake-report.ts';

/** `GET /v1/ledger`: accepted = delivered + pending + shed + dead + damaged, for every subdevice and direction. */
export interface LedgerReport {
  readonly balances: boolean;
  /** `running`: asked of the daemon. `store`: read from the file while no daemon runs. */
  readonly source: 'running' | 'store';
  /** One per subdevice and direction that ever carried a message, by subdevice. */
  readonly lanes: readonly LedgerLane[];
  readonly totals: Readonly<Record<Direction, LedgerSum>>;
  /** Of a reading from the store: what the medium has damaged or lost, as the next start will find it. */
  readonly findings: readonly string[];
  /** Why messages may be missing that nobody can count, and that no sum here holds; empty if none are. */
  readonly unknown: readonly string[];
  /** What ended outside custody, or was shed by it, since the process started; none of a reading from the store. */
  readonly discarded: readonly DiscardReport[];
}

export interface LedgerSum {
  readonly accepted: number;
  readonly delivered: number;
  readonly pending: number;
  readonly shed: Readonly<Partial<Record<ShedReason, number>>>;
  readonly dead: number;
  readonly damaged: number;
  /** accepted − all the others: 0, or the books are wrong by so many. */
  readonly imbalance: number;
}

export interface LedgerLane extends LedgerSum {
  readonly subdevice: string;
  readonly direction: Direction;
}

/** What a ledger line is made of, wherever it was read (`ledger-report.ts`). */
export interface LaneReading {
  readonly subdevice: string;
  readonly direction: Direction;
  readonly counts: Counts;
  /** Messages accepted and not yet settled, really counted. */
  readonly pending: number;
}

/** What the ledger and the status of a gateway that does not run are made of. */
export interface StoreReading {
  readonly path: string;
  readonly bytes: number;
  readonly walBytes: number;
  readonly lanes: readonly LaneReading[];
  /** What the medium has damaged or lost, one sentence each. */
  readonly findings: readonly string[];
  readonly losses: readonly LossRow[];
}

/** What can be known of a gateway that does not run. */
export interface OfflineReading extends StoreReading {
  readonly lanes: readonly OfflineLaneReading[];
  readonly subdevices: readonly { readonly id: string; readonly link: string; readonly lasting: boolean }[];
  readonly epochs: ReadonlyMap<number, Epoch>;
}

export interface OfflineLaneReading extends LaneReading {
  /** Subdevice of the lane, also of an alarm lane. */
  readonly owner: string;
  readonly bytes: number;
  /** `undefined`: no message, or a damaged one. */
  readonly oldest: Stamp | undefined;
}

/** Sentences, each once. */
export function unknownIn(losses: readonly LossRow[]): string[] {
  return [...new Set(losses.flatMap(({ unknown }) => unknown ?? []))];
}

/** Adds the lanes up. A lane that does not balance is not evened out by another: each has to. */
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

/** By id, and the uplink of a subdevice before its downlink. */
function bySubdevice(left: LedgerLane, right: LedgerLane): number {
  if (left.subdevice !== right.subdevice) return left.subdevice < right.subdevice ? -1 : 1;
  return left.direction < right.direction ? 1 : -1;
}
