/**
 * Brings messages to sessions, and what sessions release to their connections.
 *
 * Source: MQTT 3.1.1 §3.3.4, §3.3.5, §4.7; whether a device gets its own messages is a rule.
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

  /** To every session with a matching filter; to the one it comes `from` by the rule `ownPublishes`. */
  route(message: Message, origin: { readonly nowMs: number; readonly from?: string }): void {
    const isEchoed = this.#parts.rules.ownPublishes === 'echoed';
    for (const session of this.#parts.sessions.all(origin.nowMs)) {
      if (session.clientId !== origin.from || isEchoed) this.offer(session, message, origin.nowMs);
    }
  }

  /** To one session, if a filter matches and the permissions say so. */
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

  /** What a session may send by now, of what waits in it. */
  sendDue(session: HubSession, nowMs: number): void {
    const before = session.replay.sent;
    this.sendAll(session, session.due(nowMs));
    const { sent, of } = session.replay;
    if (sent > before) this.#parts.outgoing.note({ kind: 'replayed', clientId: session.clientId, sent, of });
  }
}
