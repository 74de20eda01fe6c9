/** Answers of the administrative commands for messages in custody. */
import type { HoldReport } from './hold-report.ts';

export interface HoldAnswer {
  /** Holds that have begun, or have ended, by this command. */
  readonly holds: readonly HoldReport[];
  /** Messages that are on hold in the queue now. More may be found on disk. */
  readonly onHold: number;
}

export interface RetryAnswer {
  readonly retried: number;
  /** Packets or subdevices. */
  readonly what: readonly string[];
}

export interface DropAnswer {
  readonly dropped: number;
  readonly bytes: number;
  /** Selected messages that were not dropped because the next hop may have them. */
  readonly inFlight: number;
  /** Selected messages that were not dropped because they were not on disk yet. */
  readonly notCommitted: number;
  readonly damaged: number;
  /** Value of `after` for the next request; `null`: the drop is complete. */
  readonly next: number | null;
  /** File with the dropped messages; `null`: none was dropped. */
  readonly snapshot: string | null;
}
