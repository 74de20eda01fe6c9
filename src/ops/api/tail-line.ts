/** Lines of `GET /v1/tail` and `holdfast tail --json`. Shapes only. */

/** Line of `GET /v1/tail`: one JSON object. */
export type TailLine = TailEvent | TailSkipped;

/** An event. */
export interface TailEvent {
  readonly kind: 'event';
  /** Monotonic ms of this boot. */
  readonly upMs: number;
  /** Unix ms by the clock of the machine (see `ProcessReport.clockTrusted`). */
  readonly wallMs: number;
  /** Past tense, camel case: `uplinkAccepted`, `hubLost`. */
  readonly name: string;
  /** Sentence for the event. */
  readonly sentence: string;
  readonly detail: Readonly<Record<string, string | number | boolean | null>>;
}

/** Number of events that were not sent because the reader was too slow. */
export interface TailSkipped {
  readonly kind: 'skipped';
  readonly events: number;
}
