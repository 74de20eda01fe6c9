/** What `GET /v1/tail` sends, and `holdfast tail --json` prints. Shapes only. */

/** `GET /v1/tail`: one JSON object per line, as things happen. */
export type TailLine = TailEvent | TailSkipped;

/** Something that has happened. */
export interface TailEvent {
  readonly kind: 'event';
  /** Monotonic ms of this boot. */
  readonly upMs: number;
  /** Unix ms, as good as the machine's clock (`ProcessReport.clockTrusted`). */
  readonly wallMs: number;
  /** Past tense, camel case: `uplinkAccepted`, `hubLost`. */
  readonly name: string;
  /** The same in words. */
  readonly sentence: string;
  readonly detail: Readonly<Record<string, string | number | boolean | null>>;
}

/** This reader was too slow: so many events were not sent to it. */
export interface TailSkipped {
  readonly kind: 'skipped';
  readonly events: number;
}
