/** Requests for the history to the thread of the store, and their answers. */
import type { EventKind, HistoryEvent } from './history-events.ts';
import type { SteppedSeries, StepRange } from './history-steps.ts';
import type { MinuteSample } from './minute-samples.ts';

/** Current boot with its present offset to the wall time, which the store may not have yet. */
export interface CurrentBoot {
  readonly epoch: number;
  readonly offsetMs: number | undefined;
}

export type HistoryRequest =
  /** End of the history, for its continuation after a start. */
  | { readonly kind: 'tail' }
  | {
      readonly kind: 'steps';
      readonly range: StepRange;
      /** Samples of the block that is not complete, as they are in RAM. */
      readonly open: { readonly number: number; readonly samples: readonly MinuteSample[] } | undefined;
      readonly current: CurrentBoot | undefined;
    }
  | {
      readonly kind: 'events';
      readonly sinceMs: number;
      readonly untilMs: number;
      /** `undefined`: all kinds. */
      readonly kinds: readonly EventKind[] | undefined;
      /** Largest number of events; the newest are returned. */
      readonly limit: number;
      /** Events in RAM that the store does not have. */
      readonly pending: readonly HistoryEvent[];
      readonly current: CurrentBoot | undefined;
    };

export interface HistoryTail {
  /** Number of the newest block of minutes; -1: none. */
  readonly number: number;
  readonly samples: readonly MinuteSample[];
  /** Last event of the kind `gateway`, if it is on the newest page. */
  readonly lastEvent: HistoryEvent | undefined;
  /** Bytes that the history has caused in the WAL since the opening. */
  readonly writtenBytes: number;
  /** Reason why no history is written; `undefined`: it is written. */
  readonly failure: string | undefined;
}

export type HistoryAnswer =
  | ({ readonly kind: 'tail' } & HistoryTail)
  | { readonly kind: 'steps'; readonly series: SteppedSeries }
  /** The history cannot be read. */
  | { readonly kind: 'failed'; readonly reason: string }
  | {
      readonly kind: 'events';
      /** The oldest first, with the offset of each boot as far as it is known. */
      readonly events: readonly HistoryEvent[];
      /** Number of older events that are not in the answer. */
      readonly more: number;
    };
