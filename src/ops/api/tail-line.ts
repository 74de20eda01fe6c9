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
  /** Payload of the message; absent: no payloads were asked for, or the event has none. */
  readonly payload?: TailPayload;
}

export interface TailPayload {
  /** Length of the whole payload. */
  readonly bytes: number;
  /** Beginning of the payload, up to the bound that the reader has set. */
  readonly base64: string;
}

/** Number of events that were not sent because the reader was too slow. */
export interface TailSkipped {
  readonly kind: 'skipped';
  readonly events: number;
}
