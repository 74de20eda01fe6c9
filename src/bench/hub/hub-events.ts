/** Events of the bench hub for observers, as values and as text. */
import type { GatewayNotice } from './gateway-service.ts';
import type { PlatformCommand } from './platform.ts';
import type { PutOutcome } from './stored-messages.ts';
import type { PresenceChange } from './topology.ts';

export type HubEvent =
  | {
      readonly kind: 'connected';
      readonly clientId: string;
      readonly sessionPresent: boolean;
      readonly inFlight: number;
      readonly stored: number;
    }
  | { readonly kind: 'refused'; readonly clientId: string; readonly answer: string; readonly why: string }
  | { readonly kind: 'disconnected'; readonly clientId: string; readonly why: string }
  /** A connection that ended before it had a session. */
  | { readonly kind: 'rejected'; readonly connection: number; readonly why: string }
  | { readonly kind: 'sessionEnded'; readonly clientId: string; readonly why: string }
  | { readonly kind: 'subscribed'; readonly clientId: string; readonly filter: string; readonly isGranted: boolean }
  | { readonly kind: 'unanswered'; readonly clientId: string; readonly topic: string; readonly why: string }
  | {
      readonly kind: 'stored';
      readonly clientId: string;
      readonly outcome: PutOutcome;
      readonly count: number;
      readonly max: number;
    }
  | { readonly kind: 'resent'; readonly clientId: string; readonly count: number }
  | { readonly kind: 'replayed'; readonly clientId: string; readonly sent: number; readonly of: number }
  /** A message to a client above its rate that was not stored. */
  | { readonly kind: 'lost'; readonly clientId: string; readonly topic: string }
  | ({ readonly kind: 'presence' } & PresenceChange)
  /** A gateway replied to a notice of the platform. */
  | { readonly kind: 'gatewayReplied'; readonly gateway: string; readonly type: GatewayNotice['type'] }
  /** The platform executed a command, with a result code of `service-result-codes.ts`. */
  | { readonly kind: 'platformCommand'; readonly command: PlatformCommand; readonly result: number };

export function sentenceOf(event: HubEvent): string {
  switch (event.kind) {
    case 'connected': {
      const session = event.sessionPresent ? 'session present' : 'no session present';
      return `${event.clientId} connected: ${session}, ${event.inFlight} unacknowledged, ${event.stored} stored`;
    }
    case 'refused':
      return `${event.clientId || '(no client id)'} refused with ${event.answer}: ${event.why}`;
    case 'disconnected':
      return `${event.clientId} disconnected: ${event.why}`;
    case 'rejected':
      return `connection ${event.connection} closed: ${event.why}`;
    case 'sessionEnded':
      return `${event.clientId} lost its session: ${event.why}`;
    case 'subscribed':
      return `${event.clientId} ${event.isGranted ? 'subscribed to' : 'was denied'} ${event.filter}`;
    case 'unanswered':
      return `${event.clientId} published to ${event.topic} without an answer: ${event.why}`;
    case 'stored':
      return storedSentence(event);
    case 'resent':
      return `${event.clientId}: ${event.count} unacknowledged sent again`;
    case 'replayed':
      return `${event.clientId}: sending stored message ${event.sent} of ${event.of}`;
    case 'presence':
      return `${event.subdevice} is ${event.isOnline ? 'online' : 'offline'} behind ${event.gateway}`;
    case 'lost':
      return `${event.clientId}: a message on ${event.topic} is lost: rate limit exceeded`;
    case 'gatewayReplied':
      return `${event.gateway} replied to ${event.type}`;
    case 'platformCommand':
      return `platform: ${event.command.kind}, result ${event.result}`;
  }
}

function storedSentence(event: Extract<HubEvent, { kind: 'stored' }>): string {
  const filling = `${event.count} of ${event.max}`;
  switch (event.outcome) {
    case 'stored':
      return `${event.clientId}: stored, ${filling}`;
    case 'oldest dropped':
      return `${event.clientId}: stored, ${filling}; the oldest was dropped`;
    case 'newest dropped':
      return `${event.clientId}: not stored, ${filling}; the new one was dropped`;
  }
}
