/**
 * Delivers messages to sessions, and packets of sessions to their connections.
 *
 * Source: MQTT 3.1.1 §3.3.4, §3.3.5, §4.7. A rule decides whether a device receives its own messages.
 */
import type { Message } from '../../base/message.ts';
import type { MqttPacket, Publish } from '../../codec/mqtt.ts';
import type { HubRules } from './bench-rules.ts';
import type { HubSession } from './client-session.ts';
import type { Sessions } from './client-sessions.ts';
import type { Outgoing } from './outgoing.ts';
import type { Permissions } from './permissions.ts';

export type SendPacket = (connection: number, packet: MqttPacket) => void;

interface RouterParts {
  readonly rules: HubRules;
  readonly sessions: Sessions;
  readonly permissions: Permissions;
  readonly outgoing: Outgoing;
  readonly send: SendPacket;
}

export class Router {
  readonly #parts: RouterParts;

  constructor(parts: RouterParts) {
    this.#parts = parts;
  }

  /**
   * Delivers a message to every session with a matching filter. The rule `ownPublishes` determines whether the sender
   * `from` receives the message.
   */
  route(message: Message, origin: { readonly nowMs: number; readonly from?: string }): void {
    const isEchoed = this.#parts.rules.ownPublishes === 'echoed';
    for (const session of this.#parts.sessions.all(origin.nowMs)) {
      if (session.clientId !== origin.from || isEchoed) this.offer(session, message, origin.nowMs);
    }
  }

  /** Delivers a message to one session if a filter matches and the permissions allow the delivery. */
  offer(session: HubSession, message: Message, nowMs: number): void {
    if (!this.#parts.permissions.mayHear(session.clientId, message.topic)) return;
    const offered = session.offer(message, nowMs);
    switch (offered.kind) {
      case 'sent':
        this.sendAll(session, [offered.packet]);
        return;
      case 'queued': {
        const { clientId } = session;
        const count = session.storedCount(nowMs);
        this.#parts.outgoing.note({
          kind: 'stored',
          clientId,
          outcome: offered.outcome,
          count,
          max: this.#parts.rules.storedMax,
        });
        return;
      }
      case 'lost':
        this.#parts.outgoing.note({ kind: 'lost', clientId: session.clientId, topic: message.topic });
        return;
      case 'ignored':
        return;
    }
  }

  sendAll(session: HubSession, packets: readonly Publish[]): void {
    const { connection } = session;
    if (connection === undefined) return;
    for (const packet of packets) this.#parts.send(connection, packet);
  }

  /** Sends the waiting messages of a session that are due. */
  sendDue(session: HubSession, nowMs: number): void {
    const before = session.replay.sent;
    this.sendAll(session, session.due(nowMs));
    const { sent, of } = session.replay;
    if (sent > before) this.#parts.outgoing.note({ kind: 'replayed', clientId: session.clientId, sent, of });
  }
}
