/**
 * One message in custody, in RAM. A row on disk without an entry is custody too; `lane.ts` counts those.
 *
 * keeping: held ──(hold_ms over, hub gone, backlog ahead)──▶ gathering ──▶ committing ──(receipt)──▶ stored
 *             └──────────────── ended by the other side's acknowledgement, at any point ─────────────┘
 */
import { chargedBytes, type Direction } from '../base/message.ts';
import type { Change, Outcome } from './change.ts';
import type { Row } from './row.ts';

export type Keeping = 'held' | 'gathering' | 'committing' | 'stored';

export interface Entry {
  readonly row: Row;
  /** What the byte bounds charge for it. */
  readonly bytes: number;
  keeping: Keeping;
  /** Handed to the next hop and not acknowledged by it yet. */
  inFlight: boolean;
  /** Handed over at least once in this session: the next time is a DUP. */
  sentBefore: boolean;
  /** Times it was handed over without an answer in the answer's time. */
  attempts: number;
  /** Monotonic ms of the last handing over. */
  sentAtMs: number;
  /** Place in the order of first handings over in this process, from 1; 0: not handed over yet. */
  sentPlace: number;
  /** Token of the previous hop that still waits for our acknowledgement. */
  ackToken: number | undefined;
  /** The dead letter it was: gone with the commit that makes this durable, or with its end. */
  readonly letter: LetterMark | undefined;
  /** How custody ended, once it has; the row, if there is one, goes with a later commit. */
  ended: Outcome | DeadLetterReason | undefined;
}

/** Number of a dead letter, and the lane in whose books it is. */
export interface LetterMark {
  readonly id: number;
  readonly lane: number;
}

export interface DeadLetterReason {
  readonly as: 'dead';
  readonly reason: string;
}

/** @param letter the dead letter that comes back with it */
export function newEntry(row: Row, ackToken: number | undefined, letter?: LetterMark): Entry {
  return { ...entryOf(row, 'held'), ackToken, letter };
}

/** A row read back from disk. */
export function loadedEntry(row: Row): Entry {
  return entryOf(row, 'stored');
}

function entryOf(row: Row, keeping: Keeping): Entry {
  return {
    row,
    bytes: chargedBytes(row),
    keeping,
    inFlight: false,
    sentBefore: false,
    attempts: 0,
    sentAtMs: 0,
    sentPlace: 0,
    ackToken: undefined,
    letter: undefined,
    ended: undefined,
  };
}

/** What makes it durable. */
export function rowBegin(direction: Direction, { row, letter }: Entry): Change[] {
  const put: Change = { kind: 'put', direction, row };
  return letter === undefined ? [put] : [put, fromDeadLetter(direction, letter, 'retried')];
}

export function fromDeadLetter(direction: Direction, { id, lane }: LetterMark, outcome: 'retried' | 'dropped'): Change {
  return { kind: 'removeDeadLetter', direction, lane, letter: id, outcome };
}

/** On a full disk: nobody was told that it is safe, the hub has not seen it, and it has no prospect but the disk. */
export function canBeWithdrawn({ ackToken, sentBefore, inFlight, keeping }: Entry): boolean {
  return ackToken !== undefined && !sentBefore && !inFlight && (keeping === 'gathering' || keeping === 'committing');
}

/** What ends the custody of a row on disk. */
export function rowEnd(direction: Direction, { row, bytes, attempts }: Entry, how: Outcome | DeadLetterReason): Change {
  const { lane, seq } = row;
  if (how.as === 'dead') return { kind: 'deadLetter', direction, lane, seq, bytes, reason: how.reason, attempts };
  return { kind: 'settle', direction, lane, seq, bytes, outcome: how };
}
