/** Outcome of one probe: a question to a subdevice that only tests the line. */
export type ProbeOutcome =
  | {
      readonly kind: 'asked';
      /** Requests on the wire, including repetitions. */
      readonly requests: number;
      readonly answers: number;
      /** Unusable answers: damaged answers, and answers to another question. */
      readonly damaged: number;
      /** Time from the last request to its answer. `undefined`: no answer came. */
      readonly tripMs: number | undefined;
      /** Points without a value, with the reason: `b (holding 9): illegal data address`. Absent: none. */
      readonly refused?: readonly string[];
    }
  /** `why`: reason, as a phrase that begins with "it". */
  | { readonly kind: 'not asked'; readonly why: string };
