/**
 * Handling of a PUBLISH. A PUBLISH that exceeds a limit or has no permission is dropped; any other goes to a service or
 * to the application side and is acknowledged.
 *
 * Source: MQTT 3.1.1 §3.3. A PUBLISH without permission gets no PUBACK and the connection stays open, as observed with
 * the IoT hub.
 */
import { type Message, type Qos, retaining } from '../../base/message.ts';
import { filterMatches } from '../../base/topic.ts';
import type { MqttQos, Publish } from '../../codec/mqtt.ts';
import type { ServiceAnswers } from './answers.ts';
import type { HubRules } from './bench-rules.ts';
import type { ConnectionOrigin } from './client-connection.ts';
import type { Outgoing } from './outgoing.ts';
import type { Permissions } from './permissions.ts';
import { republish } from './republication.ts';
import type { RetainedMessages } from './retained-messages.ts';
import type { Router, SendPacket } from './router.ts';
import type { BenchService } from './service-contract.ts';

interface PublishHandlerParts {
  readonly rules: HubRules;
  readonly services: readonly BenchService[];
  readonly answers: ServiceAnswers;
  readonly permissions: Permissions;
  readonly retained: RetainedMessages;
  readonly router: Router;
  readonly outgoing: Outgoing;
  readonly send: SendPacket;
  /** Sends bytes that are not MQTT. */
  readonly sendGarbage: (connection: number) => void;
}

/** Reason for closing the connection: a violation of the protocol ends the connection [MQTT-4.8.0-1]. */
export const QOS_2 = 'QoS 2, which the hub does not support';

type Reaction =
  | { readonly kind: 'close'; readonly why: string }
  | { readonly kind: 'silence'; readonly why: string }
  | { readonly kind: 'garbage' }
  | { readonly kind: 'served'; readonly qos: Qos };

export class PublishHandler {
  readonly #parts: PublishHandlerParts;

  constructor(parts: PublishHandlerParts) {
    this.#parts = parts;
  }

  /** Handles a PUBLISH. Returns the reason to close the connection; `undefined`: none. */
  take(packet: Publish, origin: ConnectionOrigin): string | undefined {
    const reaction = this.#judge(packet, origin);
    const { topic } = packet;
    switch (reaction.kind) {
      case 'close':
        return reaction.why;
      case 'silence':
        this.#noteSilence(reaction.why, { topic, origin });
        return undefined;
      case 'garbage':
        this.#parts.sendGarbage(origin.connection.number);
        return undefined;
      case 'served':
        this.#serve({ topic, payload: packet.payload, qos: reaction.qos }, { packet, origin });
        return undefined;
    }
  }

  #judge({ topic, payload, qos, retain }: Publish, origin: ConnectionOrigin): Reaction {
    const { rules } = this.#parts;
    const { poison, poisonReaction } = origin.faults;
    if (poison.some((filter) => filterMatches(filter, topic))) {
      if (poisonReaction === 'mute') {
        origin.connection.isSilent = true;
        return { kind: 'silence', why: 'this topic is poisoned by command' };
      }
      return poisonReaction === 'close'
        ? { kind: 'close', why: 'this topic is poisoned by command' }
        : { kind: 'garbage' };
    }
    if (qos === 2 && rules.qos2 === 'close') return { kind: 'close', why: QOS_2 };
    if (retain && rules.retain === 'close') return { kind: 'close', why: 'RETAIN, which the hub does not support' };
    if (!origin.connection.uplinks.admits(origin.nowMs)) {
      return {
        kind: rules.uplinkOverRate === 'close' ? 'close' : 'silence',
        why: `more than ${rules.uplinksPerS} messages in a second`,
      };
    }
    const served = servedQos(qos, rules.qos2);
    if (served === undefined) return { kind: 'silence', why: QOS_2 };
    const why = this.#whyUnanswered(topic, payload, origin.session.clientId);
    return why === undefined ? { kind: 'served', qos: served } : { kind: 'silence', why };
  }

  /** Reason to drop the message without an answer: the message is too large, or not permitted. `undefined`: none. */
  #whyUnanswered(topic: string, payload: Uint8Array, clientId: string): string | undefined {
    const { rules, permissions } = this.#parts;
    const { payloadBytesMax, mutedTopics } = rules;
    if (payload.length > payloadBytesMax) return `${payload.length} bytes, more than ${payloadBytesMax}`;
    if (mutedTopics.some((muted) => filterMatches(muted, topic))) return 'no permission for this topic';
    return permissions.problemWithPublish(clientId, topic);
  }

  #serve(message: Message, from: { readonly packet: Publish; readonly origin: ConnectionOrigin }): void {
    const { rules, services, answers, permissions, retained, router, outgoing } = this.#parts;
    const { packet, origin } = from;
    const { nowMs, faults } = origin;
    const { clientId } = origin.session;
    const service = services.find((each) => each.takes(message.topic));
    if (service === undefined) {
      outgoing.arrive({ clientId, ...message, dup: packet.dup, ...retaining(packet.retain) });
      if (packet.retain) retained.keep(message);
      this.#acknowledge(packet, origin);
      if (rules.routing === 'other devices too') router.route(message, { nowMs, from: clientId });
      for (const copy of republish(message, rules.republications)) router.route(copy, { nowMs });
      return;
    }
    const owns = (product: string, device: string): boolean => permissions.serves(clientId, { product, device });
    const given = service.answer(message, { clientId, owns }, origin.wallMs);
    if (given === undefined) {
      this.#noteSilence('no permission for this topic of a service', { topic: message.topic, origin });
      return;
    }
    this.#acknowledge(packet, origin);
    for (const answer of given) answers.give(clientId, answer, { faults, nowMs });
  }

  /** Acknowledges a PUBLISH. The acknowledgements are in the order of arrival [MQTT-4.6.0-2]. */
  #acknowledge({ packetId, topic }: Publish, { connection, faults }: ConnectionOrigin): void {
    const { swallowsPubacks } = faults;
    const isSwallowed =
      typeof swallowsPubacks === 'boolean'
        ? swallowsPubacks
        : swallowsPubacks.some((filter) => filterMatches(filter, topic));
    if (packetId === undefined || isSwallowed) return;
    this.#parts.send(connection.number, { kind: 'puback', packetId });
  }

  #noteSilence(why: string, { topic, origin }: { readonly topic: string; readonly origin: ConnectionOrigin }): void {
    this.#parts.outgoing.note({ kind: 'unanswered', clientId: origin.session.clientId, topic, why });
  }
}

/** Returns the QoS with which a PUBLISH is handled. `undefined`: the hub does not accept the QoS. */
function servedQos(qos: MqttQos, qos2: HubRules['qos2']): Qos | undefined {
  if (qos !== 2) return qos;
  return qos2 === 'downgraded' ? 1 : undefined;
}
