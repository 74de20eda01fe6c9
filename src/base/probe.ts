/** What became of one probe: a question to a subdevice that means nothing but "do you hear me?". */
export type ProbeOutcome =
  | {
      readonly kind: 'asked';
      /** Requests on the wire, repetitions included. */
      readonly requests: number;
      readonly answers: number;
      /** Answers that came and were of no use: broken, or to another question. */
      readonly damaged: number;
      /** From the last request to its answer; `undefined`: none came. */
      readonly tripMs: number | undefined;
      /** Points for which it has no value, and why: `b (holding 9): illegal data address`. Absent: none. */
      readonly refused?: readonly string[];
    }
  /** `why`: a phrase that begins "it …". */
  | { readonly kind: 'not asked'; readonly why: string };
