/** State of the hub client and its one connection. */
import type { Ended } from './hub-contract.ts';

/**
 * Cause of a close by this client. `refused`: the hub rejected CONNECT. `silence`: a PINGREQ was not answered.
 * `renewal`: to connect again with a new password. `ours`: any other reason.
 */
export type CloseCause = 'ours' | 'refused' | 'silence' | 'renewal';

export type ClientState =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'waiting'; readonly untilMs: number }
  | { readonly kind: 'dialing'; readonly deadlineMs: number }
  | {
      readonly kind: 'awaitingConnack';
      readonly sinceMs: number;
      readonly deadlineMs: number;
      /** A missing CONNACK was reported before the deadline. */
      readonly wasReported: boolean;
    }
  | { readonly kind: 'online'; readonly sinceMs: number }
  | {
      readonly kind: 'closing';
      readonly reason: string;
      readonly cause: CloseCause;
      readonly onlineSinceMs: number | undefined;
      readonly stage: 'dialing' | 'awaitingConnack' | 'online';
    };

/** Returns the stage that an ended connection had reached. */
export function stageOf(state: ClientState): 'no connection' | 'before CONNACK' | 'accepted' {
  const kind = state.kind === 'closing' ? state.stage : state.kind;
  if (kind === 'online') return 'accepted';
  return kind === 'awaitingConnack' ? 'before CONNACK' : 'no connection';
}

/** Returns the cause of the end of an accepted connection. */
export function endOf(state: ClientState): Ended {
  if (state.kind === 'online') return 'by hub';
  if (state.kind !== 'closing' || state.onlineSinceMs === undefined) return 'otherwise';
  if (state.cause === 'renewal') return 'for renewal';
  return state.cause === 'silence' ? 'by silence' : 'otherwise';
}

/** Returns the time of CONNACK of a connection that is ending. `undefined`: the connection was never accepted. */
export function onlineSince(state: ClientState): number | undefined {
  if (state.kind === 'online') return state.sinceMs;
  return state.kind === 'closing' ? state.onlineSinceMs : undefined;
}

/**
 * Time after the deadline at which the client ends an attempt itself, ms. The channel ends the attempt at the deadline
 * and knows its reason: the name look-up, TCP or TLS.
 */
export const DIAL_GRACE_MS = 500;

/** A CONNACK that is missing for this long is reported; the attempt goes on until its deadline. */
const CONNACK_NOTICE_MS = 3000;

/** Time at which a missing CONNACK is reported, monotonic ms. `undefined`: already reported. */
export function noticeAtMs(state: Extract<ClientState, { kind: 'awaitingConnack' }>): number | undefined {
  return state.wasReported ? undefined : state.sinceMs + CONNACK_NOTICE_MS;
}

/** Deadline of the current state, monotonic ms. `undefined` if the state has none, or if the connection has its own. */
export function deadlineOf(state: ClientState): number | undefined {
  switch (state.kind) {
    case 'waiting':
      return state.untilMs;
    case 'dialing':
      return state.deadlineMs + DIAL_GRACE_MS;
    case 'awaitingConnack':
      return Math.min(state.deadlineMs, noticeAtMs(state) ?? state.deadlineMs);
    case 'stopped':
    case 'online':
    case 'closing':
      return undefined;
  }
}
