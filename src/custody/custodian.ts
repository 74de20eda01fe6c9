/**
 * Custody of one direction: all lanes, the live counters, and one rule. A message is acknowledged only after it is
 * committed or after the next hop has acknowledged it.
 *
 * The custodian stands between admission and sending (outbox, inbox) and the group commit (`Durability`). `safe` is
 * called exactly once for each entry whose sender waits for an acknowledgement. No other call leads to an
 * acknowledgement.
 */
import { chargedBytes, type Direction, type Message } from '../base/message.ts';
import type { Stamp } from '../base/time.ts';
import { type Change, countsOf, countsOfOutcome, type Outcome, RETRIED } from './change.ts';
import type { Durability, Origin } from './durability.ts';
import { type DeadLetterReason, type Entry, fromDeadLetter, type LetterMark, newEntry, rowEnd } from './entry.ts';
import { Lane } from './lane.ts';
import { ACCEPTED, addCounts, type Counts, PASSED, type ShedReason, ZERO } from './ledger.ts';
import { LedgerCounters } from './ledger-counters.ts';
import { filtersOn, type OperatorHold } from './operator-hold.ts';
import { type Lost, Recall } from './recall.ts';
import type { LaneBacklog, LaneCounts, LaneWants, Row, RowPage } from './row.ts';
import { Sequence } from './sequence.ts';

export interface CustodianOptions {
  readonly direction: Direction;
  readonly windowMax: number;
  readonly nextSeq: number;
  readonly backlog: readonly LaneBacklog[];
  readonly counts: readonly LaneCounts[];
  readonly durability: Durability;
  /** Operator holds of this direction. */
  readonly holds?: readonly OperatorHold[];
  /** A message has been shed. `topic` is `undefined` if it is unknown. */
  readonly shed?: (lane: number, reason: ShedReason, topic: string | undefined) => void;
}

export class Custodian {
  readonly direction: Direction;
  readonly #options: CustodianOptions;
  readonly #lanes = new Map<number, Lane>();
  readonly #recall = new Recall(
    (lane) => this.lane(lane),
    (lane, lost) => this.#damage(lane, lost),
  );
  readonly #counters: LedgerCounters;
  readonly #sequence: Sequence;
  /** Called at the end of the custody of some messages, by number: the test messages of an operator. */
  readonly #watched = new Map<number, (how: Outcome | DeadLetterReason) => void>();
  #pending = 0;
  #pendingBytes = 0;
  #unstoredBytes = 0;
  #holds: readonly OperatorHold[];
  /** Sets that receive the numbers of rows whose custody ends (`trackEnds`). */
  readonly #endTracks = new Set<Set<number>>();
  #takenMessages = 0;
  #takenBytes = 0;

  constructor(options: CustodianOptions) {
    this.direction = options.direction;
    this.#options = options;
    const { direction, durability, nextSeq } = options;
    this.#holds = options.holds ?? [];
    this.#counters = new LedgerCounters(options.counts);
    const reserve = (reservedTo: number): void => durability.addLazy({ kind: 'reserveSeq', direction, reservedTo });
    this.#sequence = new Sequence(nextSeq, reserve);
    for (const { lane, rows, bytes } of options.backlog) {
      this.#addLane(lane, { rows, bytes });
      this.#recall.onDisk(lane);
      this.#pending += rows;
      this.#pendingBytes += bytes;
    }
  }

  get pending(): number {
    return this.#pending;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Bytes that are in RAM only. A slow SD card makes this number grow; admission limits it. */
  get unstoredBytes(): number {
    return this.#unstoredBytes;
  }

  /** Messages that this process took into custody, and their bytes; without those whose custody ended at once. */
  get taken(): { readonly messages: number; readonly bytes: number } {
    return { messages: this.#takenMessages, bytes: this.#takenBytes };
  }

  get lastSeq(): number {
    return this.#sequence.last;
  }

  lane(lane: number): Lane {
    return this.#lanes.get(lane) ?? this.#addLane(lane, { rows: 0, bytes: 0 });
  }

  lanes(): IterableIterator<Lane> {
    return this.#lanes.values();
  }

  /** Lanes that have carried at least one message. */
  knownLanes(): number[] {
    return this.#counters.lanes();
  }

  /** Live counters of a lane. The counters always balance with `lane.pending`. */
  counts(lane: number): Counts {
    return this.#counters.of(lane);
  }

  /** accepted − (delivered + pending + shed + dead + damaged) over all lanes. A value other than 0 is a bug. */
  imbalance(): number {
    return this.#counters.imbalance((lane) => this.#lanes.get(lane)?.pending ?? 0);
  }

  /** Takes a message into custody. The caller applies bounds and policies first. */
  accept(lane: number, message: Message, from: Origin): Entry {
    const entry = newEntry(newRow(this.#sequence.take(), lane, message, from.stamp), from.ackWaiter, from);
    this.#counters.add(lane, ACCEPTED);
    if (from.letter !== undefined) this.#counters.add(from.letter.lane, RETRIED);
    this.#pending += 1;
    this.#pendingBytes += entry.bytes;
    this.#unstoredBytes += entry.bytes;
    this.#takenMessages += 1;
    this.#takenBytes += entry.bytes;
    const { holdUntilMs, commitByMs } = from.waitLimits;
    // A younger message must not reach the disk before an older message that is in RAM only: after a crash the older
    // message would be sent again, and would follow the younger one.
    const queue = this.lane(lane);
    const joins = queue.add(entry);
    const { durability } = this.#options;
    if (joins && holdUntilMs !== undefined) {
      durability.hold(this.direction, entry, holdUntilMs);
      return entry;
    }
    for (const one of queue.heldAtEnd()) durability.enqueue(this.direction, one, commitByMs);
    if (!joins) durability.enqueue(this.direction, entry, commitByMs);
    return entry;
  }

  /**
   * Counts a message that is accepted and whose custody ends at once. The message uses neither RAM nor disk. @param topic
   * of the message, if it is known
   */
  countOnly(lane: number, outcome: Outcome, topic?: string): void {
    const counts = countsOfPassing(outcome);
    this.#counters.add(lane, counts);
    this.#options.durability.addLazy({ kind: 'count', direction: this.direction, lane, counts });
    if (outcome.as === 'shed') this.#options.shed?.(lane, outcome.reason, topic);
  }

  /** Called after the receipt of the commit: the entry's row is durable. */
  stored(entry: Entry): void {
    this.#unstoredBytes -= entry.bytes;
    entry.keeping = 'stored';
    if (entry.ended !== undefined) {
      this.#trackEnd(entry.row.seq);
      this.#options.durability.addLazy(rowEnd(this.direction, entry, entry.ended));
      return;
    }
    const lane = this.lane(entry.row.lane);
    lane.stored(entry);
    if (lane.rowsOnDisk > 0) this.#recall.onDisk(lane.lane);
    this.#release(entry);
  }

  /** Called if the disk had no room for the entry. @returns true if the entry stays in the queue for the next commit */
  unstored(entry: Entry): boolean {
    const isNew = entry.keeping === 'committing';
    entry.keeping = 'enqueued';
    if (entry.ended !== undefined && isNew) this.#endUnstored(entry, entry.ended);
    if (entry.ended !== undefined) return false;
    const { ackWaiter, row } = entry;
    if (ackWaiter?.withdrawn === undefined || !this.lane(row.lane).canWithdraw(entry)) return true;
    this.#remove(entry);
    this.#unstoredBytes -= entry.bytes;
    this.#counters.add(row.lane, { ...ZERO, accepted: -1 });
    ackWaiter.withdrawn();
    return false;
  }

  /** Ends custody: delivered, shed or dead-lettered. Only a stored row can become a dead letter. */
  end(entry: Entry, how: Outcome | DeadLetterReason): void {
    if (entry.ended !== undefined) return;
    entry.ended = how;
    entry.inFlight = false;
    this.#remove(entry);
    this.#counters.add(entry.row.lane, how.as === 'dead' ? { ...ZERO, dead: 1 } : countsOfOutcome(how));
    switch (entry.keeping) {
      case 'stored':
        this.#trackEnd(entry.row.seq);
        this.#options.durability.addLazy(rowEnd(this.direction, entry, how));
        break;
      case 'held':
      case 'enqueued':
        this.#endUnstored(entry, how);
        break;
      case 'committing':
        break; // `stored` handles the end
    }
    if (how.as === 'shed') this.#options.shed?.(entry.row.lane, how.reason, entry.row.topic);
    if (this.#watched.size > 0) this.#notify(entry.row.seq, how);
    this.#release(entry);
  }

  /** Calls `ended` once, at the end of the custody of message `seq`. @returns a function that stops watching */
  watch(seq: number, ended: (how: Outcome | DeadLetterReason) => void): () => void {
    this.#watched.set(seq, ended);
    return () => this.#watched.delete(seq);
  }

  #notify(seq: number, how: Outcome | DeadLetterReason): void {
    const ended = this.#watched.get(seq);
    this.#watched.delete(seq);
    ended?.(how);
  }

  /**
   * Lanes that have room for rows from disk, with the lowest seq that each needs. The next page may be requested only
   * after the answer to the previous request.
   */
  wanted(): LaneWants {
    return this.#recall.wanted();
  }

  /**
   * Takes the page for the lanes of `wanted`. Damaged and missing rows leave custody as damaged. A row can be missing
   * only if it was on disk when the page was requested. Damaged rows beyond the loaded ones are found again by a later
   * page.
   */
  loaded(wanted: LaneWants, page: RowPage): Entry[] {
    return this.#recall.loaded(wanted, page);
  }

  /** Drops a dead letter on an operator's command. @returns the change to make durable */
  drop(letter: LetterMark): Change {
    const change = fromDeadLetter(this.direction, letter, 'dropped');
    this.#counters.add(letter.lane, countsOf(change)?.counts ?? ZERO);
    return change;
  }

  get holds(): readonly OperatorHold[] {
    return this.#holds;
  }

  /** Sets the operator holds. Messages that are covered now are not sent any more, except those in flight. */
  setHolds(holds: readonly OperatorHold[], nowMs: number): void {
    this.#holds = holds;
    for (const lane of this.#lanes.values()) this.#enqueueAll(lane.setFilters(filtersOn(lane.lane, holds)), nowMs);
  }

  /** Parks covered messages of the lane that are not in flight any more. */
  parkWindow(lane: number, nowMs: number): void {
    if (this.#holds.length > 0) this.#enqueueAll(this.lane(lane).parkWindow(), nowMs);
  }

  /**
   * Makes parked rows readable again. @param ended ends tracked since all earlier ends are durable: the rows of these
   * messages may still be on disk
   */
  rewind(ended: ReadonlySet<number>): void {
    for (const lane of this.#lanes.values()) {
      lane.rewind(ended);
      if (lane.rowsOnDisk > 0) this.#recall.onDisk(lane.lane);
    }
  }

  /** Returns a set that receives the number of each message on disk whose custody ends, until `untrackEnds`. */
  trackEnds(): ReadonlySet<number> {
    const track = new Set<number>();
    this.#endTracks.add(track);
    return track;
  }

  untrackEnds(track: ReadonlySet<number>): void {
    this.#endTracks.delete(track as Set<number>);
  }

  /** Drops a droppable row on an operator's command. @returns the change to make durable before `lane.deleted` */
  dropRow(row: Row): Change {
    const outcome: Outcome = { as: 'shed', reason: 'dropped by hand' };
    const { seq, lane: number } = row;
    const bytes = chargedBytes(row);
    this.lane(number).drop(seq, bytes);
    this.#pending -= 1;
    this.#pendingBytes -= bytes;
    this.#counters.add(number, countsOfOutcome(outcome));
    return { kind: 'settle', direction: this.direction, lane: number, seq, bytes, outcome };
  }

  #trackEnd(seq: number): void {
    for (const track of this.#endTracks) track.add(seq);
  }

  #enqueueAll(entries: readonly Entry[], byMs: number): void {
    for (const entry of entries) this.#options.durability.enqueue(this.direction, entry, byMs);
  }

  #addLane(number: number, onDisk: { readonly rows: number; readonly bytes: number }): Lane {
    const lane = new Lane(number, this.#options.windowMax, onDisk);
    if (this.#holds.length > 0) lane.setFilters(filtersOn(number, this.#holds));
    this.#lanes.set(number, lane);
    return lane;
  }

  #damage(lane: Lane, lost: Lost): void {
    // a damaged row that contains the number of this lane, although no row of this lane is missing
    if (lane.rowsOnDisk < lost.rows) return;
    const bytesBefore = lane.pendingBytes;
    lane.lose(lost.rows, lost.bytes);
    this.#pending -= lost.rows;
    this.#pendingBytes -= bytesBefore - lane.pendingBytes;
    const counts = { ...ZERO, damaged: lost.rows };
    this.#counters.add(lane.lane, counts);
    if (lost.seq !== undefined) this.#trackEnd(lost.seq);
    const { direction } = this;
    this.#options.durability.addLazy(
      lost.seq === undefined
        ? { kind: 'count', direction, lane: lane.lane, counts }
        : { kind: 'settle', direction, lane: lane.lane, seq: lost.seq, bytes: lost.bytes, outcome: { as: 'damaged' } },
    );
  }

  #remove(entry: Entry): void {
    this.lane(entry.row.lane).remove(entry);
    this.#pending -= 1;
    this.#pendingBytes -= entry.bytes;
  }

  #endUnstored(entry: Entry, how: Outcome | DeadLetterReason): void {
    if (how.as === 'dead') throw new Error(`message ${entry.row.seq} cannot become a dead letter before it is stored`);
    this.#unstoredBytes -= entry.bytes;
    const counts = countsOfPassing(how);
    this.#options.durability.addLazy({ kind: 'count', direction: this.direction, lane: entry.row.lane, counts });
    if (entry.letter !== undefined)
      this.#options.durability.addLazy(fromDeadLetter(this.direction, entry.letter, 'retried'));
  }

  #release(entry: Entry): void {
    const { ackWaiter } = entry;
    entry.ackWaiter = undefined;
    ackWaiter?.safe();
  }
}

function newRow(seq: number, lane: number, { topic, payload, qos, retain }: Message, stamp: Stamp): Row {
  return retain ? { seq, lane, topic, payload, qos, retain, stamp } : { seq, lane, topic, payload, qos, stamp };
}

/** Counts of a message that is accepted and whose custody ends without a row on disk. */
function countsOfPassing(outcome: Outcome): Counts {
  return outcome.as === 'delivered' ? PASSED : addCounts(ACCEPTED, countsOfOutcome(outcome));
}
