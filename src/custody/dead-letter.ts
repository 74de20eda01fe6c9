/** Dead letters, as the rest of the program sees them: uplinks given up after counted attempts and kept for the technician. */
import type { Row } from './row.ts';

/** Kept; beyond, the oldest make room. The ledger goes on counting those as dead. */
export const DEAD_LETTERS_MAX = 10_000;

export interface DeadLetter {
  /** Never another's, even when this one is gone. */
  readonly id: number;
  readonly row: Row;
  readonly attempts: number;
  readonly reason: string;
  /** Its checksum holds: what is damaged is shown, and never passed on. */
  readonly isWhole: boolean;
}

/** Those behind number `after`, or `only` these; a page is bounded in bytes too, and holds at least one if there is one. */
export interface LetterRequest {
  readonly after: number;
  readonly limit: number;
  readonly only?: readonly number[] | undefined;
}

export interface LetterPage {
  /** By number. */
  readonly letters: readonly DeadLetter[];
  /** How many there are in all. */
  readonly kept: number;
  /** The newest number; 0: there is none. */
  readonly newest: number;
  /** By the ledger of the same moment: with those that made room. */
  readonly dead: number;
}
