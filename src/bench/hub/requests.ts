/**
 * What the bench hub does with the packets of a connected client.
 *
 * Source: MQTT 3.1.1 §3.3 to §3.14; the hub's silence on what it does not permit: no PUBACK, and the connection stays.
 */
import { filterMatches } from '../../base/topic.ts';
import type { MqttPacket, Publish, SubackCode, Subscribe } from '../../codec/mqtt.ts';
import type { Connection } from './connection.ts';
import type { HubFaults } from './faults.ts';
import { type GatewayOperations, isGatewayOperation } from './gateway-operations.ts';
import type { Outlet } from './outlet.ts';
import type { Router, SendPacket } from './router.ts';
import type { HubRules } from './rules.ts';
import type { HubSession } from './session.ts';

interface RequestsParts {
  readonly rules: HubRules;
  readonly gateways: GatewayOperations;
  readonly router: Router;
  readonly outlet: Outlet;
  readonly send: SendPacket;
}

/** Where a packet came from, and when. */
interface Origin {
  readonly connection: Connection;
  readonly session: HubSession;
  readonly nowMs: number;
  readonly faults: HubFaults;
}

/** [MQTT-4.8.0-1]: a violation ends the connection. */
const QOS_2 = 'QoS 2, which the hub does not serve';

export class Requests {
  readonly #parts: RequestsParts;

  constructor(parts: RequestsParts) {
    this.#parts = parts;
  }

  /** Answers one packet. What is so wrong that the connection must be closed; `undefined`: nothing. */
  take(packet: MqttPacket, origin: Origin): string | undefined {
    const { session, connection, nowMs } = origin;
    switch (packet.kind) {
      case 'publish':
        return this.#publish(packet, origin);
      case 'puback':
        session.acknowledge(packet.packetId, nowMs);
        this.#parts.router.sendDue(session, nowMs);
        return undefined;
      case 'subscribe':
        this.#subscribe(packet, origin);
        return undefined;
      case 'unsubscribe':
        for (const filter of packet.filters) session.unsubscribe(filter);
        // Also for filters that were not there [MQTT-3.10.4-5].
        this.#parts.send(connection.number, { kind: 'unsuback', packetId: packet.packetId });
        return undefined;
      case 'pingreq':
        this.#parts.send(connection.number, { kind: 'pingresp' }); // [MQTT-3.12.4-1]
        return undefined;
      case 'connect':
        return 'a second CONNECT [MQTT-3.1.0-2]';
      case 'pubrec':
      case 'pubrel':
      case 'pubcomp':
        return QOS_2;
      case 'connack':
      case 'suback':
      case 'unsuback':
      case 'pingresp':
      case 'disconnect':
        return `${packet.kind.toUpperCase()} from a client`;
    }
  }

  #publish(packet: Publish, origin: Origin): string | undefined {
    const { topic, payload, qos, dup } = packet;
    if (qos === 2) return QOS_2;
    const { session, nowMs } = origin;
    const { rules, gateways, outlet, router } = this.#parts;
    const { clientId } = session;
    const message = { topic, payload, qos };
    const silence = this.#whyUnanswered(packet, origin);
    if (silence !== undefined) {
      outlet.note({ kind: 'unanswered', clientId, topic, why: silence });
      return undefined;
    }
    if (!rules.gatewayOperations || !isGatewayOperation(topic)) {
      outlet.arrive({ clientId, ...message, dup });
      this.#acknowledge(packet, origin);
      if (rules.routing === 'other devices too') router.route(message, { nowMs, from: clientId });
      return undefined;
    }
    const answer = gateways.answer(clientId, message);
    if (answer === undefined) {
      outlet.note({ kind: 'unanswered', clientId, topic, why: 'the operation topic of another gateway' });
      return undefined;
    }
    this.#acknowledge(packet, origin);
    for (const change of answer.changes) outlet.note({ kind: 'presence', ...change });
    if (answer.result !== undefined) router.offer(session, answer.result, nowMs);
    return undefined;
  }

  /** Too fast, too large, not permitted: the hub drops it and says nothing. */
  #whyUnanswered({ topic, payload }: Publish, { connection, nowMs }: Origin): string | undefined {
    const { uplinksPerS, payloadBytesMax, mutedTopics } = this.#parts.rules;
    if (!connection.admitsUplink(uplinksPerS, nowMs)) return `more than ${uplinksPerS} messages in a second`;
    if (payload.length > payloadBytesMax) return `${payload.length} bytes, more than ${payloadBytesMax}`;
    if (mutedTopics.some((muted) => filterMatches(muted, topic))) return 'no permission for this topic';
    return undefined;
  }

  /** In the order of arrival [MQTT-4.6.0-2]. */
  #acknowledge(packet: Publish, { connection, faults }: Origin): void {
    if (packet.packetId === undefined || faults.swallowsPubacks) return;
    this.#parts.send(connection.number, { kind: 'puback', packetId: packet.packetId });
  }

  #subscribe(packet: Subscribe, { connection, session }: Origin): void {
    const { filtersPerSubscribeMax, forbiddenFilters } = this.#parts.rules;
    const returnCodes = packet.subscriptions.map(({ filter, qos }, index): SubackCode => {
      const isForbidden = forbiddenFilters.some((pattern) => pattern === filter || filterMatches(pattern, filter));
      const granted = qos === 0 ? 0 : 1; // QoS 2 is granted as 1 (§3.8.4 permits less than was asked for)
      const isGranted = !isForbidden && index < filtersPerSubscribeMax && session.subscribe({ filter, qos: granted });
      this.#parts.outlet.note({ kind: 'subscribed', clientId: session.clientId, filter, isGranted });
      return isGranted ? granted : 0x80;
    });
    // One return code per filter, in their order [MQTT-3.8.4-5].
    this.#parts.send(connection.number, { kind: 'suback', packetId: packet.packetId, returnCodes });
  }
}
