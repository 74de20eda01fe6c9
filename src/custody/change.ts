/**
 * Changes that the flows ask the store to make durable. A commit is a list of changes, applied in order in one
 * transaction. The ledger changes in the same transaction. Only `countsOf` determines the amounts.
 */
import type { MachineEvidence } from '../base/machine-identity.ts';
import { chargedBytes, type Direction } from '../base/message.ts';
import { ACCEPTED, type Counts, DELIVERED, type ShedReason, ZERO } from './ledger.ts';
import type { HoldScope, OperatorHold } from './operator-hold.ts';
import type {
  BacklogLimit,
  CommandMark,
  Gap,
  HubSessionRow,
  Row,
  SubdeviceRow,
  SubscriptionRow,
  WillRow,
} from './row.ts';

export type Outcome =
  | { readonly as: 'delivered' }
  | { readonly as: 'shed'; readonly reason: ShedReason }
  | { readonly as: 'damaged' };

export type Change =
  /** Accepts a message into custody on disk. */
  | { readonly kind: 'put'; readonly direction: Direction; readonly row: Row }
  /** Ends the custody of a row on disk. `bytes` must equal `chargedBytes` at the `put`. */
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
  /**
   * Removes a dead letter, because the message returns to custody (a `put` in the same commit contains its row) or
   * because an operator dropped the message.
   */
  | {
      readonly kind: 'removeDeadLetter';
      readonly direction: Direction;
      readonly lane: number;
      readonly letter: number;
      readonly outcome: 'retried' | 'dropped';
    }
  /** Counts messages whose custody began and ended without a row on disk. */
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
  /** Starts a clean session: deletes subscriptions, topic ids and will of the lane. */
  | { readonly kind: 'cleanSession'; readonly lane: number }
  | { readonly kind: 'filterGranted'; readonly filter: string }
  | { readonly kind: 'filterGone'; readonly filter: string }
  | { readonly kind: 'hubSession'; readonly row: HubSessionRow }
  | { readonly kind: 'hubGap'; readonly gap: Gap | undefined }
  /** Deletes the reported losses after an operator has acknowledged them. */
  | { readonly kind: 'lossesSeen' }
  | { readonly kind: 'backlogLimit'; readonly limit: BacklogLimit }
  | { readonly kind: 'backlogLimitGone'; readonly of: BacklogLimit['kind'] }
  /** Sets the machine that owns the store. */
  | { readonly kind: 'machine'; readonly evidence: MachineEvidence }
  /** Sets the filters by which uplinks are sorted into lanes from now on. */
  | { readonly kind: 'alarmTopics'; readonly filters: readonly string[] }
  | { readonly kind: 'hold'; readonly hold: OperatorHold }
  | { readonly kind: 'holdGone'; readonly scope: HoldScope }
  /** Reserves sequence numbers: those below `reservedTo` may be in use by messages that were never on disk. */
  | { readonly kind: 'reserveSeq'; readonly direction: Direction; readonly reservedTo: number }
  /** Writes a block of samples of the history (`history/minute-samples.ts`). */
  | { readonly kind: 'historySamples'; readonly number: number; readonly table: Uint8Array }
  /** Adds events to the history, each as one line (`history/history-events.ts`). */
  | { readonly kind: 'historyEvents'; readonly ring: 'rare' | 'frequent'; readonly lines: readonly string[] }
  | { readonly kind: 'trustWall'; readonly wallMinusUpMs: number }
  /** Records that the machine has slept in this boot. The monotonic clock stood still before `atUpMs`. */
  | { readonly kind: 'slept'; readonly atUpMs: number };

export interface CountsDelta {
  readonly direction: Direction;
  readonly lane: number;
  readonly counts: Counts;
  /** Change in the number of rows on disk and in their charged bytes. */
  readonly rows: number;
  readonly bytes: number;
}

/**
 * Counts for a dead letter that returns to custody. They cancel the first acceptance, because the `put` in the same
 * commit counts the message as accepted again.
 */
export const RETRIED: Counts = { ...ZERO, accepted: -1, dead: -1 };

/** Effect of a change on the ledger. `undefined` for changes that carry no message. */
export function countsOf(change: Change): CountsDelta | undefined {
  switch (change.kind) {
    case 'put':
      return {
        direction: change.direction,
        lane: change.row.lane,
        counts: ACCEPTED,
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
        counts: change.outcome === 'retried' ? RETRIED : { ...ZERO, dead: -1, shed: { 'dropped by hand': 1 } },
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
      return DELIVERED;
    case 'damaged':
      return { ...ZERO, damaged: 1 };
    case 'shed':
      return { ...ZERO, shed: { [outcome.reason]: 1 } };
  }
}
