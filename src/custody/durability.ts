/** Interface of the group commit for custody. Implemented by `commit/committer.ts`. */
import type { Direction } from '../base/message.ts';
import type { Stamp } from '../base/time.ts';
import type { Change } from './change.ts';
import type { AckWaiter, Entry, LetterMark } from './entry.ts';

export interface Durability {
  /** Keeps the entry in RAM until its acknowledgement or until `untilMs`; then the entry is enqueued. */
  hold(direction: Direction, entry: Entry, untilMs: number): void;
  /** Puts the entry into the next commit, which starts at `byMs` at the latest. */
  enqueue(direction: Direction, entry: Entry, byMs: number): void;
  /**
   * Puts the change into a later commit. If a crash loses the change, the cost is a duplicate and never a lost message.
   */
  addLazy(change: Change): void;
}

/** Longest waits of a message. */
export interface WaitLimits {
  /** Monotonic ms until which the message may wait in RAM for the next hop. `undefined`: the message is not held. */
  readonly holdUntilMs: number | undefined;
  /** Monotonic ms until which the commit may wait for more changes. */
  readonly commitByMs: number;
}

/** Origin of a message: its time, the previous hop, and its longest waits. */
export interface Origin {
  readonly stamp: Stamp;
  readonly ackWaiter: AckWaiter | undefined;
  readonly waitLimits: WaitLimits;
  /** Dead letter that the message was before. */
  readonly letter?: LetterMark | undefined;
  /** Topic of an uplink in the subdevice's own names. */
  readonly ownTopic?: string | undefined;
}
