/**
 * Dead letters as seen outside the store: uplinks abandoned after a counted number of attempts and kept for inspection.
 */
import type { Row } from './row.ts';

/**
 * Largest number of dead letters kept. Beyond this number the oldest are deleted; the ledger still counts the deleted
 * ones as dead.
 */
export const DEAD_LETTERS_MAX = 10_000;

export interface DeadLetter {
  /** Unique number. It is not used again after the dead letter is removed. */
  readonly id: number;
  readonly row: Row;
  readonly attempts: number;
  readonly reason: string;
  /** True if the checksum is right. A damaged dead letter is shown and never sent. */
  readonly isWhole: boolean;
}

/**
 * Request for the dead letters after number `after`, or for those in `only`. A page is limited in bytes. It contains at
 * least one dead letter, if there is one.
 */
export interface LetterRequest {
  readonly after: number;
  readonly limit: number;
  readonly only?: readonly number[] | undefined;
}

export interface LetterPage {
  /** Sorted by number. */
  readonly letters: readonly DeadLetter[];
  /** Number of all dead letters kept. */
  readonly kept: number;
  /** Number of the newest dead letter. 0: there are no dead letters. */
  readonly newest: number;
  /** Dead letters counted by the ledger at the same moment, including deleted ones. */
  readonly dead: number;
}
