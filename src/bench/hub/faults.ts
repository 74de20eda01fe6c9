/**
 * What may go wrong with a hub on demand. Orders come from a test, from the application side over HTTP, or from the
 * command line; the machine obeys them from the next input on.
 */

/**
 * `normal`; `refuses`: new connections are closed at once; `mute`: new connections are accepted and never answered;
 * `half-open`: every connection, old and new, stands and carries nothing either way. A connection that went silent stays so.
 */
export type Reach = 'normal' | 'refuses' | 'mute' | 'half-open';

export interface HubFaults {
  readonly reach: Reach;
  /** What CONNACK says of the session: the truth, or always 1, or always 0. */
  readonly sessionPresentClaim: 'truth' | 'always' | 'never';
  /** Messages arrive and are not acknowledged. */
  readonly swallowsPubacks: boolean;
  /** Everything the hub sends leaves so much later, ms. */
  readonly sendDelayMs: number;
}

export const NO_FAULTS: HubFaults = {
  reach: 'normal',
  sessionPresentClaim: 'truth',
  swallowsPubacks: false,
  sendDelayMs: 0,
};

export type FaultOrder =
  /** Changes what is named and leaves the rest. */
  | { readonly kind: 'set'; readonly faults: Partial<HubFaults> }
  /** Ends every connection without a word. */
  | { readonly kind: 'dropConnections' }
  /** The session is gone, and its connection with it. */
  | { readonly kind: 'forgetSession'; readonly clientId: string };
