/** Where the hub client stands with its one connection. */
import type { Ended } from './hub-contract.ts';

export type ClientState =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'waiting'; readonly untilMs: number }
  | { readonly kind: 'dialing'; readonly deadlineMs: number }
  | {
      readonly kind: 'awaitingConnack';
      readonly sinceMs: number;
      readonly deadlineMs: number;
      /** A missing CONNACK was reported, before the deadline. */
      readonly wasReported: boolean;
    }
  | { readonly kind: 'online'; readonly sinceMs: number }
  | {
      readonly kind: 'closing';
      readonly reason: string;
      /** The hub said no to CONNECT. */
      readonly isRefused: boolean;
      /** PINGREQ was not answered. */
      readonly isSilent: boolean;
      readonly onlineSinceMs: number | undefined;
      readonly stage: 'dialing' | 'awaitingConnack' | 'online';
    };

/** How far a connection that is over had come. */
export function stageOf(state: ClientState): 'no connection' | 'before CONNACK' | 'accepted' {
  const kind = state.kind === 'closing' ? state.stage : state.kind;
  if (kind === 'online') return 'accepted';
  return kind === 'awaitingConnack' ? 'before CONNACK' : 'no connection';
}

/** What ended a connection that was up. */
export function endOf(state: ClientState): Ended {
  if (state.kind === 'online') return 'by hub';
  return state.kind === 'closing' && state.onlineSinceMs !== undefined && state.isSilent ? 'by silence' : 'otherwise';
}

/** Since when the connection that is ending was a good one; `undefined`: it never was. */
export function onlineSince(state: ClientState): number | undefined {
  if (state.kind === 'online') return state.sinceMs;
  return state.kind === 'closing' ? state.onlineSinceMs : undefined;
}

/** A CONNACK that is missing for this long is reported; the attempt goes on until its deadline. */
const CONNACK_NOTICE_MS = 3000;

/** When a missing CONNACK is reported, in monotonic ms; `undefined`: already reported. */
export function noticeAtMs(state: Extract<ClientState, { kind: 'awaitingConnack' }>): number | undefined {
  return state.wasReported ? undefined : state.sinceMs + CONNACK_NOTICE_MS;
}

/** Until when the client waits for one thing, in monotonic ms; `undefined` where it waits for nothing or for many. */
export function deadlineOf(state: ClientState): number | undefined {
  switch (state.kind) {
    case 'waiting':
      return state.untilMs;
    case 'dialing':
      return state.deadlineMs;
    case 'awaitingConnack':
      return Math.min(state.deadlineMs, noticeAtMs(state) ?? state.deadlineMs);
    case 'stopped':
    case 'online':
    case 'closing':
      return undefined;
  }
}
