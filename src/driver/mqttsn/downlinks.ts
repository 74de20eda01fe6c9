/**
 * Delivery in progress to a client: REGISTER if the client does not know the topic id, then PUBLISH. Each is repeated
 * until it is answered or given up.
 *
 *     binding ─confirm─▶ registering ─REGACK─▶ publishing ─PUBACK─▶ delivered
 *
 * Invariants: every `deliver` ends in exactly one `delivered` or `undelivered`. No PUBLISH leaves with an id that the
 * client has not accepted in this connection. Silence is tolerated `retriesMax` times; congestion as long as the client
 * reports it. Source: MQTT-SN 1.2 §6.5, §6.10, §6.13.
 */
import type { ExcessSize } from '../../base/discard.ts';
import { type AcknowledgePacket, RETURN_CODE, type TopicReference } from '../../codec/mqttsn-packets.ts';
import type { DeliverCommand, DriverReport, RefuseReason } from '../driver.ts';
import { MessageIds } from './message-ids.ts';
import type { PacketSink } from './packet-sink.ts';
import type { TopicTable } from './topics.ts';

type UndeliveredReport = Extract<DriverReport, { kind: 'undelivered' }>;
type Failure = UndeliveredReport['why'];

export interface RetryLimits {
  /** Pause before the same packet is sent again, ms (T_retry of MQTT-SN 1.2 §7.2; about 1000 on a wire). */
  readonly retryMs: number;
  /** Number of repetitions before the client counts as lost (N_retry). */
  readonly retriesMax: number;
}

type Step =
  /** The flow makes the new topic id durable. Without a token the flow was congested and is asked again. */
  | { readonly at: 'binding'; readonly topicId: number; readonly token: number | undefined }
  | { readonly at: 'registering'; readonly topicId: number; readonly messageId: number }
  | { readonly at: 'publishing'; readonly topic: TopicReference; readonly messageId: number };

interface Delivery {
  readonly command: DeliverCommand;
  /** The client rejected a topic id of this delivery before. */
  wasRejected: boolean;
  step: Step | undefined;
  retries: number;
  retryAtMs: number | undefined;
}

export class Downlink {
  private readonly sink: PacketSink;
  private readonly topics: TopicTable;
  private readonly limits: RetryLimits;
  private delivery: Delivery | undefined;
  private readonly messageIds = new MessageIds();

  constructor(sink: PacketSink, topics: TopicTable, limits: RetryLimits) {
    this.sink = sink;
    this.topics = topics;
    this.limits = limits;
  }

  deliver(command: DeliverCommand, nowMs: number): void {
    if (this.delivery !== undefined) throw new Error(`a second delivery to ${command.subdevice} before the end of one`);
    this.delivery = { command, wasRejected: false, step: undefined, retries: 0, retryAtMs: undefined };
    const topic = this.topics.referenceTo(command.topic);
    const size = this.excess(command, topic === undefined);
    if (size !== undefined) this.fail(this.delivery, 'too large', { size });
    else if (topic === undefined) this.bind(this.delivery, nowMs);
    else this.publish(this.delivery, topic, nowMs);
  }

  /** Ends the delivery because the connection ended; the message stays in custody. */
  abandon(): void {
    if (this.delivery !== undefined) this.fail(this.delivery, 'lost');
  }

  /** Forgets the message ids when the session ends, because the client forgets them too. */
  forget(): void {
    this.messageIds.forget();
  }

  /** @returns true if `token` is the topic id binding that this delivery waits for */
  confirm(token: number, nowMs: number): boolean {
    const delivery = this.delivery;
    if (delivery?.step?.at !== 'binding' || delivery.step.token !== token) return false;
    this.topics.bind(delivery.step.topicId, delivery.command.topic);
    this.register(delivery, delivery.step.topicId, nowMs);
    return true;
  }

  /** @returns true if `token` is the topic id binding that this delivery waits for */
  refuse(token: number, why: RefuseReason, nowMs: number): boolean {
    const delivery = this.delivery;
    if (delivery?.step?.at !== 'binding' || delivery.step.token !== token) return false;
    if (why === 'congestion') {
      delivery.step = { ...delivery.step, token: undefined };
      this.pause(delivery, nowMs);
    } else {
      this.topics.release(delivery.step.topicId);
      this.fail(delivery, 'invalid', { because: `no topic id: ${why}` });
    }
    return true;
  }

  regack(packet: AcknowledgePacket<'regack'>, nowMs: number): void {
    const delivery = this.delivery;
    if (delivery?.step?.at !== 'registering' || delivery.step.messageId !== packet.messageId) {
      this.sink.counters.unexpectedPackets += 1;
    } else if (packet.returnCode === RETURN_CODE.accepted) {
      this.topics.announced(delivery.step.topicId);
      this.publish(delivery, { type: 'normal', id: delivery.step.topicId }, nowMs);
    } else if (packet.returnCode === RETURN_CODE.congestion) {
      this.pause(delivery, nowMs);
    } else {
      this.fail(delivery, 'refused', { because: `REGACK with return code ${packet.returnCode}` });
    }
  }

  /** Answers a QoS 1 PUBLISH. For QoS 0 it can only report an invalid topic id (MQTT-SN 1.2 §5.4.13). */
  puback(packet: AcknowledgePacket<'puback'>, nowMs: number): void {
    const { topicId, messageId, returnCode } = packet;
    if (returnCode === RETURN_CODE.invalidTopicId) this.topics.forgotten(topicId);
    const delivery = this.delivery;
    if (delivery?.step?.at !== 'publishing' || delivery.step.messageId !== messageId) {
      this.sink.counters.unexpectedPackets += 1;
    } else if (returnCode === RETURN_CODE.accepted) {
      this.succeed(delivery);
    } else if (returnCode === RETURN_CODE.congestion) {
      this.pause(delivery, nowMs);
    } else if (returnCode === RETURN_CODE.invalidTopicId && !delivery.wasRejected) {
      delivery.wasRejected = true;
      this.bind(delivery, nowMs);
    } else {
      this.fail(delivery, 'refused', { because: `PUBACK with return code ${returnCode}` });
    }
  }

  /** @returns `silent` if the client did not answer the last repetition either */
  wake(nowMs: number): 'silent' | undefined {
    const delivery = this.delivery;
    if (delivery?.step === undefined || delivery.retryAtMs === undefined || nowMs < delivery.retryAtMs)
      return undefined;
    if (delivery.step.at === 'binding') {
      this.bind(delivery, nowMs);
      return undefined;
    }
    if (delivery.retries >= this.limits.retriesMax) return 'silent';
    delivery.retries += 1;
    delivery.retryAtMs = nowMs + this.limits.retryMs;
    this.sink.counters.retries += 1;
    this.send(delivery, delivery.step, true);
    return undefined;
  }

  wakeAtMs(): number | undefined {
    return this.delivery?.retryAtMs;
  }

  /**
   * Returns the size of a message that is too large. Called before a topic id is assigned and stored, because a message
   * that can never be sent needs none.
   */
  private excess({ topic, payload, qos }: DeliverCommand, mustRegister: boolean): ExcessSize | undefined {
    const register = { kind: 'register', topicId: 0, messageId: 0, topic } as const;
    const ofRegister = mustRegister ? this.sink.excess(register) : undefined;
    if (ofRegister !== undefined) return ofRegister;
    const reference: TopicReference = { type: 'normal', id: 0 };
    const flags = { dup: false, retain: false };
    return this.sink.excess({ kind: 'publish', ...flags, qos, topic: reference, messageId: 0, payload });
  }

  private bind(delivery: Delivery, nowMs: number): void {
    const { subdevice, topic } = delivery.command;
    const topicId = this.topics.idForDownlink(topic);
    if (this.topics.isDurable(topicId)) {
      this.register(delivery, topicId, nowMs);
    } else {
      const token = this.sink.drawToken();
      delivery.step = { at: 'binding', topicId, token };
      delivery.retryAtMs = undefined;
      this.sink.report({ kind: 'topicBound', subdevice, topicId, topic, token });
    }
  }

  private register(delivery: Delivery, topicId: number, nowMs: number): void {
    this.begin(delivery, { at: 'registering', topicId, messageId: this.messageIds.next() }, nowMs);
  }

  private publish(delivery: Delivery, topic: TopicReference, nowMs: number): void {
    const { command } = delivery;
    if (command.qos === 0) {
      if (this.send(delivery, { at: 'publishing', topic, messageId: 0 }, false)) this.succeed(delivery);
      return;
    }
    const messageId = this.messageIds.ofPublication(command);
    this.begin(delivery, { at: 'publishing', topic, messageId }, nowMs);
  }

  private begin(delivery: Delivery, step: Step, nowMs: number): void {
    delivery.step = step;
    delivery.retries = 0;
    delivery.retryAtMs = nowMs + this.limits.retryMs;
    this.send(delivery, step, false);
  }

  /** @returns false if the packet was too large, which ends the delivery */
  private send(delivery: Delivery, step: Step, again: boolean): boolean {
    const { topic, payload, qos, dup } = delivery.command;
    if (step.at === 'binding') return true;
    const { messageId } = step;
    const sent =
      step.at === 'registering'
        ? this.sink.send({ kind: 'register', topicId: step.topicId, messageId, topic })
        : this.sink.send({
            kind: 'publish',
            dup: qos === 1 && (dup || again),
            qos,
            retain: false,
            topic: step.topic,
            messageId,
            payload,
          });
    if (!sent) this.fail(delivery, 'too large');
    return sent;
  }

  /** The client answers but is busy. Its answer restarts the count of unanswered repetitions. */
  private pause(delivery: Delivery, nowMs: number): void {
    delivery.retries = 0;
    delivery.retryAtMs = nowMs + this.limits.retryMs;
  }

  private succeed(delivery: Delivery): void {
    this.delivery = undefined;
    this.sink.report({ kind: 'delivered', token: delivery.command.token });
  }

  private fail(delivery: Delivery, why: Failure, details: Pick<UndeliveredReport, 'because' | 'size'> = {}): void {
    this.delivery = undefined;
    const { token } = delivery.command;
    this.sink.report({ kind: 'undelivered', token, why, ...details });
  }
}
