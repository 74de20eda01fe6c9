/**
 * Handling of the packets of a connected client: each packet is passed to the part of the hub that handles its type.
 *
 * Source: MQTT 3.1.1 §3.3 to §3.14.
 */
import { filterMatches } from '../../base/topic.ts';
import type { MqttPacket, SubackCode, Subscribe } from '../../codec/mqtt.ts';
import type { ConnectionOrigin } from './client-connection.ts';
import { type PublishHandler, QOS_2 } from './handle-publish.ts';
import type { SubscribeHandler } from './handle-subscribe.ts';
import type { RetainedMessages } from './retained-messages.ts';
import type { Router, SendPacket } from './router.ts';

interface RequestsParts {
  readonly publishHandler: PublishHandler;
  readonly subscribeHandler: SubscribeHandler;
  readonly retained: RetainedMessages;
  readonly router: Router;
  readonly send: SendPacket;
}

export class PacketHandler {
  readonly #parts: RequestsParts;

  constructor(parts: RequestsParts) {
    this.#parts = parts;
  }

  /** Handles one packet. Returns the reason to close the connection; `undefined`: none. */
  take(packet: MqttPacket, origin: ConnectionOrigin): string | undefined {
    const { session, connection, nowMs } = origin;
    const { publishHandler, subscribeHandler, router, send } = this.#parts;
    switch (packet.kind) {
      case 'publish':
        return publishHandler.take(packet, origin);
      case 'puback': {
        const topic = session.topicInFlight(packet.packetId);
        const { poisonPubacks } = origin.faults;
        if (topic !== undefined && isAmong(poisonPubacks, [topic])) return poisoned(origin, 'PUBACK');
        session.acknowledge(packet.packetId, nowMs);
        router.sendDue(session, nowMs);
        return undefined;
      }
      case 'subscribe':
        return this.#subscribe(packet, origin);
      case 'unsubscribe': {
        const { poisonUnsubscribes, swallowsUnsubacks } = origin.faults;
        if (isAmong(poisonUnsubscribes, packet.filters)) return poisoned(origin, 'UNSUBSCRIBE');
        if (isAmong(swallowsUnsubacks, packet.filters)) return undefined;
        subscribeHandler.unsubscribe(packet.filters, session);
        // The UNSUBACK is sent also for filters without a subscription [MQTT-3.10.4-5].
        send(connection.number, { kind: 'unsuback', packetId: packet.packetId });
        return undefined;
      }
      case 'pingreq':
        send(connection.number, { kind: 'pingresp' }); // [MQTT-3.12.4-1]
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

  #subscribe(packet: Subscribe, origin: ConnectionOrigin): string | undefined {
    const { session, connection, nowMs, faults } = origin;
    const filters = packet.subscriptions.map(({ filter }) => filter);
    const answer = (returnCodes: SubackCode[]): undefined =>
      void this.#parts.send(connection.number, { kind: 'suback', packetId: packet.packetId, returnCodes });
    if (isAmong(faults.poisonSubscribes, filters)) return poisoned(origin, 'SUBSCRIBE');
    if (isAmong(faults.swallowsSubacks, filters)) return undefined;
    if (isAmong(faults.refusesSubscribes, filters)) return answer(filters.map(() => 0x80));
    const returnCodes = this.#parts.subscribeHandler.subscribe(packet, session, nowMs);
    answer(isAmong(faults.lowersSubscribes, filters) ? filters.map(() => 0) : returnCodes);
    for (const [index, filter] of filters.entries())
      if (returnCodes[index] !== 0x80) this.#offerRetained(filter, origin);
    return undefined;
  }

  #offerRetained(filter: string, { session, nowMs }: ConnectionOrigin): void {
    const { retained, router } = this.#parts;
    for (const message of retained.matching(filter)) router.offer(session, message, nowMs);
  }
}

/** Reason to end the connection; `undefined` if the connection goes mute instead. */
function poisoned({ connection, faults }: ConnectionOrigin, packet: string): string | undefined {
  if (faults.poisonReaction !== 'mute') return `this ${packet} is poisoned by command`;
  connection.isSilent = true;
  return undefined;
}

/** True if a pattern equals one of the filters, or matches a filter as if the filter were a topic. */
function isAmong(patterns: readonly string[], filters: readonly string[]): boolean {
  return patterns.some((pattern) => filters.some((filter) => pattern === filter || filterMatches(pattern, filter)));
}
