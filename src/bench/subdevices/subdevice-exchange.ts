/**
 * Exchange between a connected simulated subdevice and its gateway: requests one at a time, publications in order,
 * deliveries. The exchange outlives connections, because unanswered packets outlive connections. Source: MQTT-SN 1.2
 * §6.5, §6.6, §6.13.
 */
import type { Message } from '../../base/message.ts';
import {
  type AcknowledgePacket,
  type Packet,
  type PublishPacket,
  RETURN_CODE,
  topicIdField,
} from '../../codec/mqttsn-packets.ts';
import type { SimulatedCommand, SimulatedReport, SubdeviceOptions } from './subdevice-contract.ts';
import { SubdeviceQueue } from './subdevice-queue.ts';
import { SubdeviceRequests } from './subdevice-requests.ts';
import { SubdeviceTopics } from './subdevice-topics.ts';

interface Outlet {
  readonly send: (packet: Packet) => void;
  readonly report: (report: SimulatedReport) => void;
}

export class SubdeviceExchange {
  readonly #clean: boolean;
  readonly #retryMs: number;
  readonly #outlet: Outlet;
  readonly #queue: SubdeviceQueue;
  readonly #topics: SubdeviceTopics;
  readonly #requests: SubdeviceRequests;
  /** Time of the next attempt after the gateway reported congestion. `undefined`: no pause. */
  #pauseUntilMs: number | undefined;

  constructor({ clean, retryMs, window, predefinedTopics }: SubdeviceOptions, outlet: Outlet) {
    this.#clean = clean;
    this.#retryMs = retryMs;
    this.#outlet = outlet;
    this.#queue = new SubdeviceQueue(window, retryMs);
    this.#topics = new SubdeviceTopics(predefinedTopics);
    this.#requests = new SubdeviceRequests(this.#queue, retryMs);
  }

  get queued(): number {
    return this.#queue.length;
  }

  get outstanding(): number {
    return this.#queue.outstanding;
  }

  wakeAtMs(): number | undefined {
    const wakes = [this.#requests.wakeAtMs(), this.#pauseUntilMs ?? this.#queue.wakeAtMs()];
    const atMs = Math.min(...wakes.map((wake) => wake ?? Number.POSITIVE_INFINITY));
    return Number.isFinite(atMs) ? atMs : undefined;
  }

  accept(command: Extract<SimulatedCommand, { kind: 'publish' | 'subscribe' | 'unsubscribe' }>): void {
    if (command.kind === 'publish') this.#queue.push(command);
    else this.#requests.want(command);
  }

  /**
   * Publishes with QoS −1: the message is sent once, with or without a connection, with a predefined id or short name
   * (MQTT-SN 1.2 §6.8).
   */
  publishUnconnected({ topic, payload, retain }: Omit<Message, 'qos'>): void {
    const reference = this.#topics.referenceTo(topic);
    if (reference === undefined || reference.type === 'normal') return;
    const flags = { dup: false, qos: -1, retain: retain ?? false } as const;
    this.#outlet.send({ kind: 'publish', ...flags, topic: reference, messageId: 0, payload });
  }

  /** Removes publications as a restart does. @param isForgotten by the reference */
  forget(isForgotten: (reference: number) => boolean): void {
    this.#queue.forget(isForgotten);
  }

  connected(): void {
    this.#pauseUntilMs = undefined;
    if (this.#clean) this.#topics.forget();
    this.#requests.rewind(this.#clean);
    this.#queue.rewind();
  }

  wake(nowMs: number): void {
    if (this.#pauseUntilMs !== undefined && nowMs >= this.#pauseUntilMs) this.#pauseUntilMs = undefined;
    this.#requests.wake(nowMs);
    if (this.#pauseUntilMs === undefined) this.#queue.wake(nowMs);
  }

  /** Sends everything that may be sent now: the pending request, then publications in order. */
  advance(nowMs: number): void {
    const request = this.#requests.take(nowMs);
    if (request !== undefined) this.#outlet.send(request);
    while (this.#pauseUntilMs === undefined) {
      const sending = this.#queue.next();
      if (sending === undefined) return;
      const topic = this.#topics.referenceTo(sending.topic);
      if (topic === undefined) {
        const register = this.#requests.register(sending.topic, nowMs);
        if (register !== undefined) this.#outlet.send(register);
        return;
      }
      this.#outlet.send(this.#queue.transmit(sending, topic, nowMs));
    }
  }

  receive(packet: Packet, nowMs: number): void {
    switch (packet.kind) {
      case 'register':
        this.#topics.learn(packet.topicId, packet.topic);
        this.#outlet.send({ ...packet, kind: 'regack', returnCode: RETURN_CODE.accepted });
        break;
      case 'publish':
        this.#receivePublish(packet);
        break;
      case 'puback':
        this.#puback(packet, nowMs);
        break;
      case 'regack':
      case 'suback':
      case 'unsuback':
        this.#answered(packet, nowMs);
        break;
      case 'pingreq':
        this.#outlet.send({ kind: 'pingresp' }); // MQTT-SN 1.2 §6.11
        break;
      default:
    }
  }

  #receivePublish({ topic, messageId, qos, dup, payload }: PublishPacket): void {
    const name = this.#topics.nameOf(topic);
    const returnCode = name === undefined ? RETURN_CODE.invalidTopicId : RETURN_CODE.accepted;
    if (name !== undefined)
      this.#outlet.report({ kind: 'received', topic: name, payload, qos: qos === 1 ? 1 : 0, dup });
    if (qos === 1 || name === undefined)
      this.#outlet.send({ kind: 'puback', topicId: topicIdField(topic), messageId, returnCode });
  }

  #puback({ topicId, messageId, returnCode }: AcknowledgePacket<'puback'>, nowMs: number): void {
    if (returnCode === RETURN_CODE.accepted || returnCode === RETURN_CODE.notSupported) {
      const kind = returnCode === RETURN_CODE.accepted ? 'acknowledged' : 'rejected';
      const sending = this.#queue.acknowledge(messageId);
      if (sending !== undefined) this.#outlet.report({ kind, reference: sending.reference });
    } else if (returnCode === RETURN_CODE.invalidTopicId) {
      this.#topics.unlearn(topicId);
      const sending = this.#queue.find(messageId);
      if (sending !== undefined && this.#topics.referenceTo(sending.topic) === undefined) sending.retryAtMs = undefined;
    } else {
      this.#queue.rewind();
      this.#pauseUntilMs = nowMs + this.#retryMs;
    }
  }

  #answered(packet: Extract<Packet, { kind: 'regack' | 'suback' | 'unsuback' }>, nowMs: number): void {
    const request = this.#requests.answer(packet, nowMs);
    if (request === undefined) return;
    const { name, topicId } = request;
    if (topicId !== 0) this.#topics.learn(topicId, name);
    if (packet.kind === 'regack') return;
    this.#outlet.report({ kind: packet.kind === 'suback' ? 'subscribed' : 'unsubscribed', filter: name });
  }
}
