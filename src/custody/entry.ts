/**
 * One message in custody, in RAM. A row on disk without an entry is a message in custody too; `lane.ts` counts such
 * rows.
 *
 * keeping: held ──(hold_ms over, hub gone, backlog ahead)──▶ enqueued ──▶ committing ──(receipt)──▶ stored
 *             └──────────────── ended by the other side's acknowledgement, at any point ─────────────┘
 */
import { chargedBytes, type Direction } from '../base/message.ts';
import type { Change, Outcome } from './change.ts';
import type { Row } from './row.ts';

export type Keeping = 'held' | 'enqueued' | 'committing' | 'stored';

export interface Entry {
  readonly row: Row;
  /** Number of bytes that the message counts for in limits in bytes. */
  readonly bytes: number;
  keeping: Keeping;
  /** True if the message was sent to the next hop and is not acknowledged yet. */
  inFlight: boolean;
  /** True if the message was sent at least once in this session: the next transmission is a DUP. */
  sentBefore: boolean;
  /** Number of transmissions without an answer within the answer time. */
  attempts: number;
  /** Monotonic ms of the last transmission. */
  sentAtMs: number;
  /** Position in the order of first transmissions of this process, from 1. 0: not sent yet. */
  sentPlace: number;
  /** Previous hop, while it waits for our acknowledgement. `undefined`: it does not wait. */
  ackWaiter: AckWaiter | undefined;
  /**
   * Dead letter that the message was before. The dead letter is removed by the commit that makes this entry durable, or
   * when the custody of this entry ends.
   */
  readonly letter: LetterMark | undefined;
  /**
   * Topic of an uplink in the subdevice's own names. Several own topics may have the same topic at the hub. `undefined`: not
   * known, because the message is not an uplink of this process.
   */
  readonly ownTopic: string | undefined;
  /** Outcome of the custody, after its end. If the message has a row on disk, a later commit deletes the row. */
  ended: Outcome | DeadLetterReason | undefined;
}

type EntryMarks = Partial<Pick<Entry, 'letter' | 'ownTopic'>>;

/** Previous hop of a message, which waits for its acknowledgement. Custody calls one of these functions, once. */
export interface AckWaiter {
  /**
   * Called when the message is safe: committed, acknowledged by the next hop, or ended by a rule. The message may now
   * be acknowledged.
   */
  safe(): void;
  /**
   * Called when the disk was full and the acceptance is revoked. Absent: the message waits for room on the disk
   * instead.
   */
  withdrawn?(): void;
}

/** Number of a dead letter, and the lane whose ledger counts it. */
export interface LetterMark {
  readonly id: number;
  readonly lane: number;
}

export interface DeadLetterReason {
  readonly as: 'dead';
  readonly reason: string;
}

/** @param marks dead letter that the message was before, and own topic of an uplink */
export function newEntry(row: Row, ackWaiter: AckWaiter | undefined, marks: EntryMarks = {}): Entry {
  return entryOf(row, 'held', ackWaiter, marks);
}

/** Entry of a row that was read from disk. */
export function loadedEntry(row: Row): Entry {
  return entryOf(row, 'stored');
}

function entryOf(row: Row, keeping: Keeping, ackWaiter?: AckWaiter, { letter, ownTopic }: EntryMarks = {}): Entry {
  return {
    row,
    bytes: chargedBytes(row),
    keeping,
    inFlight: false,
    sentBefore: false,
    attempts: 0,
    sentAtMs: 0,
    sentPlace: 0,
    ackWaiter,
    letter,
    ownTopic,
    ended: undefined,
  };
}

/** Changes that make the entry durable. */
export function rowBegin(direction: Direction, { row, letter }: Entry): Change[] {
  const put: Change = { kind: 'put', direction, row };
  return letter === undefined ? [put] : [put, fromDeadLetter(direction, letter, 'retried')];
}

export function fromDeadLetter(direction: Direction, { id, lane }: LetterMark, outcome: 'retried' | 'dropped'): Change {
  return { kind: 'removeDeadLetter', direction, lane, letter: id, outcome };
}

/**
 * True if the acceptance can be revoked on a full disk: the message was not acknowledged, was never sent to the next
 * hop, and is not held for the next hop.
 */
export function canBeWithdrawn({ ackWaiter, sentBefore, inFlight, keeping }: Entry): boolean {
  return ackWaiter !== undefined && !sentBefore && !inFlight && (keeping === 'enqueued' || keeping === 'committing');
}

/** Change that ends the custody of a row on disk. */
export function rowEnd(direction: Direction, { row, bytes, attempts }: Entry, how: Outcome | DeadLetterReason): Change {
  const { lane, seq } = row;
  if (how.as === 'dead') return { kind: 'deadLetter', direction, lane, seq, bytes, reason: how.reason, attempts };
  return { kind: 'settle', direction, lane, seq, bytes, outcome: how };
}
