/**
 * What the flows ask the store to make durable. A commit is a list of these, applied in order in one transaction, and
 * the ledger moves in the same transaction: `countsOf` is the only place that says by how much.
 */
import { chargedBytes, type Direction } from '../base/message.ts';
import { type Counts, type ShedReason, ZERO } from './ledger.ts';
import type { CommandMark, Gap, HubSessionRow, Row, SubdeviceRow, SubscriptionRow, WillRow } from './row.ts';

export type Outcome =
  | { readonly as: 'delivered' }
  | { readonly as: 'shed'; readonly reason: ShedReason }
  | { readonly as: 'damaged' };

export type Change =
  /** Accepts a message into custody on disk. */
  | { readonly kind: 'put'; readonly direction: Direction; readonly row: Row }
  /** Ends the custody of a row on disk. `bytes` as `chargedBytes` gave them at `put`. */
  | {
      readonly kind: 'settle';
      readonly direction: Direction;
      readonly lane: number;
      readonly seq: number;
      readonly bytes: number;
      readonly outcome: Outcome;
    }
  /** Moves a row to the dead letters. */
  | {
      readonly kind: 'deadLetter';
      readonly direction: Direction;
      readonly lane: number;
      readonly seq: number;
      readonly bytes: number;
      readonly reason: string;
      readonly attempts: number;
    }
  /** A dead letter is gone: back in custody (its row comes with a `put` of the same commit), or dropped by hand. */
  | {
      readonly kind: 'removeDeadLetter';
      readonly direction: Direction;
      readonly lane: number;
      readonly letter: number;
      readonly outcome: 'retried' | 'dropped';
    }
  /** Counts messages that came and went without touching the disk. */
  | { readonly kind: 'count'; readonly direction: Direction; readonly lane: number; readonly counts: Counts }
  | { readonly kind: 'subdevice'; readonly row: SubdeviceRow }
  | { readonly kind: 'subscribe'; readonly row: SubscriptionRow }
  | { readonly kind: 'unsubscribe'; readonly lane: number; readonly filter: string }
  | { readonly kind: 'topicId'; readonly lane: number; readonly topicId: number; readonly topic: string }
  | { readonly kind: 'topicIdGone'; readonly lane: number; readonly topicId: number }
  | { readonly kind: 'will'; readonly row: WillRow }
  | { readonly kind: 'willGone'; readonly lane: number }
  | { readonly kind: 'commandMark'; readonly mark: CommandMark }
  | { readonly kind: 'commandMarkGone'; readonly lane: number; readonly topic: string }
  /** A clean session: subscriptions, topic ids and will of the lane go. */
  | { readonly kind: 'cleanSession'; readonly lane: number }
  | { readonly kind: 'filterGranted'; readonly filter: string }
  | { readonly kind: 'filterGone'; readonly filter: string }
  | { readonly kind: 'hubSession'; readonly row: HubSessionRow }
  | { readonly kind: 'hubGap'; readonly gap: Gap | undefined }
  /** Somebody has seen what was found lost: it is history. */
  | { readonly kind: 'lossesSeen' }
  /** Under which filters the uplinks that come from now on are sorted into lanes. */
  | { readonly kind: 'alarmTopics'; readonly filters: readonly string[] }
  /** Sequence numbers below `reservedTo` may be in use by messages that never touched the disk. */
  | { readonly kind: 'reserveSeq'; readonly direction: Direction; readonly reservedTo: number }
  | { readonly kind: 'trustWall'; readonly wallMinusUpMs: number }
  /** The machine slept in this boot: its monotonic clock stood still before `atUpMs`. */
  | { readonly kind: 'slept'; readonly atUpMs: number };

export interface CountsDelta {
  readonly direction: Direction;
  readonly lane: number;
  readonly counts: Counts;
  /** By how much the number of rows on disk, and their charged bytes, move. */
  readonly rows: number;
  readonly bytes: number;
}

/** The `put` that comes with it accepts the message anew. */
export const TAKEN_BACK: Counts = { ...ZERO, accepted: -1, dead: -1 };

/** What a change does to the ledger; `undefined` for those that carry no message. */
export function countsOf(change: Change): CountsDelta | undefined {
  switch (change.kind) {
    case 'put':
      return {
        direction: change.direction,
        lane: change.row.lane,
        counts: { ...ZERO, accepted: 1 },
        rows: 1,
        bytes: chargedBytes(change.row),
      };
    case 'settle':
      return {
        direction: change.direction,
        lane: change.lane,
        counts: countsOfOutcome(change.outcome),
        rows: -1,
        bytes: -change.bytes,
      };
    case 'deadLetter':
      return {
        direction: change.direction,
        lane: change.lane,
        counts: { ...ZERO, dead: 1 },
        rows: -1,
        bytes: -change.bytes,
      };
    case 'removeDeadLetter':
      return {
        direction: change.direction,
        lane: change.lane,
        counts: change.outcome === 'retried' ? TAKEN_BACK : { ...ZERO, dead: -1, shed: { 'dropped by hand': 1 } },
        rows: 0,
        bytes: 0,
      };
    case 'count':
      return { direction: change.direction, lane: change.lane, counts: change.counts, rows: 0, bytes: 0 };
    default:
      return undefined;
  }
}

export function countsOfOutcome(outcome: Outcome): Counts {
  switch (outcome.as) {
    case 'delivered':
      return { ...ZERO, delivered: 1 };
    case 'damaged':
      return { ...ZERO, damaged: 1 };
    case 'shed':
      return { ...ZERO, shed: { [outcome.reason]: 1 } };
  }
}
