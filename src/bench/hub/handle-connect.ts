/**
 * Handling of a CONNECT: the packet is checked, an older connection of the same client is closed, and the session is
 * opened.
 *
 * Used between the machine and its sessions; `handle-packet.ts` serves accepted clients.
 *
 * Source: MQTT 3.1.1 §3.1.4, §3.2; the hub's "Persistent session".
 */
import type { Connack, Connect } from '../../codec/mqtt.ts';
import type { ClientConnection } from './client-connection.ts';
import type { HubSession } from './client-session.ts';
import type { Sessions } from './client-sessions.ts';
import type { ConnectChecks } from './connect-checks.ts';
import type { HubFaults } from './faults.ts';
import type { Outgoing } from './outgoing.ts';
import type { Router, SendPacket } from './router.ts';

interface ConnectHandlerParts {
  readonly connectChecks: ConnectChecks;
  readonly sessions: Sessions;
  readonly router: Router;
  readonly outgoing: Outgoing;
  readonly send: SendPacket;
  /** Closes a connection by number. */
  readonly end: (connection: number, why: string) => void;
}

interface Moment {
  readonly nowMs: number;
  readonly wallMs: number;
  readonly faults: HubFaults;
}

/**
 * Refusal of a connection because the hub has no room for another session. The code is "server unavailable" (table
 * 3.1).
 */
const NO_ROOM = { why: 'no room for another session', code: 3 } as const;

export class ConnectHandler {
  readonly #parts: ConnectHandlerParts;

  constructor(parts: ConnectHandlerParts) {
    this.#parts = parts;
  }

  /** Answers a CONNECT. Returns the reason to close the connection; `undefined`: the client is accepted. */
  take(connect: Connect, connection: ClientConnection, moment: Moment): string | undefined {
    const { connectChecks, sessions, outgoing, end } = this.#parts;
    const { nowMs, wallMs } = moment;
    const judgement = connectChecks.judge(connect, { connection, nowMs, wallMs });
    if (judgement.kind !== 'admitted') {
      const answer = judgement.kind === 'closed' ? 'a plain close' : `return code ${judgement.code}`;
      outgoing.note({ kind: 'refused', clientId: connect.clientId, answer, why: judgement.why });
      if (judgement.kind === 'refused') this.refuse(connection, judgement.code);
      return judgement.why;
    }
    const { clientId } = judgement;
    const older = sessions.find(clientId, nowMs)?.connection;
    if (older !== undefined) end(older, 'another connection has the same client id [MQTT-3.1.4-2]');
    const known = sessions.find(clientId, nowMs);
    const isTakeover = older !== undefined;
    const session = sessions.open({ clientId, isClean: connect.cleanSession, isTakeover }, nowMs);
    if (session === undefined) {
      this.refuse(connection, NO_ROOM.code);
      return NO_ROOM.why;
    }
    connection.serve(session, connect);
    this.#accept(session, { connection, isResumed: session === known, moment });
    return undefined;
  }

  refuse(connection: ClientConnection, returnCode: Connack['returnCode']): void {
    this.#parts.send(connection.number, { kind: 'connack', sessionPresent: false, returnCode });
  }

  /**
   * Sends CONNACK first [MQTT-3.2.0-1], then the unacknowledged messages, and then the stored messages at the hub's
   * rate.
   */
  #accept(
    session: HubSession,
    entry: { readonly connection: ClientConnection; readonly isResumed: boolean; readonly moment: Moment },
  ): void {
    const { router, outgoing, send } = this.#parts;
    const { nowMs, faults } = entry.moment;
    const { clientId } = session;
    const claim = faults.sessionPresentClaim;
    const sessionPresent = claim === 'truth' ? entry.isResumed : claim === 'always';
    const stored = session.storedCount(nowMs);
    outgoing.note({ kind: 'connected', clientId, sessionPresent, inFlight: session.inFlightCount, stored });
    send(entry.connection.number, { kind: 'connack', sessionPresent, returnCode: 0 });
    const unacknowledged = session.attach(entry.connection.number, nowMs);
    if (unacknowledged.length > 0) outgoing.note({ kind: 'resent', clientId, count: unacknowledged.length });
    router.sendAll(session, unacknowledged);
    router.sendDue(session, nowMs);
  }
}
