/**
 * What the bench hub does with the packets of a connected client: each to whom it concerns.
 *
 * Source: MQTT 3.1.1 §3.3 to §3.14.
 */
import type { MqttPacket } from '../../codec/mqtt.ts';
import type { Origin } from './connection.ts';
import { type Publishing, QOS_2 } from './publishing.ts';
import type { Router, SendPacket } from './router.ts';
import type { Subscribing } from './subscribing.ts';

interface RequestsParts {
  readonly publishing: Publishing;
  readonly subscribing: Subscribing;
  readonly router: Router;
  readonly send: SendPacket;
}

export class Requests {
  readonly #parts: RequestsParts;

  constructor(parts: RequestsParts) {
    this.#parts = parts;
  }

  /** Answers one packet. What is so wrong that the connection must be closed; `undefined`: nothing. */
  take(packet: MqttPacket, origin: Origin): string | undefined {
    const { session, connection, nowMs } = origin;
    const { publishing, subscribing, router, send } = this.#parts;
    switch (packet.kind) {
      case 'publish':
        return publishing.take(packet, origin);
      case 'puback':
        session.acknowledge(packet.packetId, nowMs);
        router.sendDue(session, nowMs);
        return undefined;
      case 'subscribe': {
        const returnCodes = subscribing.subscribe(packet, session, nowMs);
        send(connection.number, { kind: 'suback', packetId: packet.packetId, returnCodes });
        return undefined;
      }
      case 'unsubscribe':
        subscribing.unsubscribe(packet.filters, session);
        // Also for filters that were not there [MQTT-3.10.4-5].
        send(connection.number, { kind: 'unsuback', packetId: packet.packetId });
        return undefined;
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
}
