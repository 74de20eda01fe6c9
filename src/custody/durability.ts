/** The group commit, as custody sees it; `commit/committer.ts` is it. */
import type { Direction } from '../base/message.ts';
import type { Stamp } from '../base/time.ts';
import type { Change } from './change.ts';
import type { Entry, LetterMark } from './entry.ts';

export interface Durability {
  /** The entry waits in RAM for its acknowledgement until `untilMs`, then it is gathered. */
  hold(direction: Direction, entry: Entry, untilMs: number): void;
  /** The entry goes into the next commit, at the latest at `byMs`. */
  enqueue(direction: Direction, entry: Entry, byMs: number): void;
  /** Goes along with some later commit. Losing it in a crash may cost a duplicate, never a message. */
  addLazy(change: Change): void;
}

/** How long a message may wait for what. */
export interface Terms {
  /** Monotonic ms until which it may wait in RAM for the next hop; `undefined`: it is not held at all. */
  readonly holdUntilMs: number | undefined;
  /** Monotonic ms until which it may wait for company in the commit. */
  readonly commitByMs: number;
}

/** Where a message comes from: when, who waits for its acknowledgement, and how long it may wait itself. */
export interface Origin {
  readonly stamp: Stamp;
  readonly ackToken: number | undefined;
  readonly terms: Terms;
  /** The dead letter that comes back with it. */
  readonly letter?: LetterMark | undefined;
}
