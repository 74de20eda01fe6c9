/**
 * Requests of one client to its session: REGISTER, SUBSCRIBE, UNSUBSCRIBE, WILLTOPICUPD, WILLMSGUPD. Each is reported
 * to the flow, and answered on the wire once the flow has made the change durable.
 *
 * Invariants: no answer promises a change that a power failure could undo. A repetition of a request in progress is not
 * reported again. Updates of the will are answered in their order. At most `requestsMax` at a time. Source: MQTT-SN 1.2
 * §6.5, §6.9.
 */
import type { Qos } from '../../base/message.ts';
import {
  type FilterReference,
  type Packet,
  RETURN_CODE,
  type RegisterPacket,
  type SubackPacket,
  type SubscribePacket,
  type UnsubscribePacket,
} from '../../codec/mqttsn-packets.ts';
import type { RefuseReason } from '../driver.ts';
import type { DamageDoubt } from './damage-doubt.ts';
import type { PacketSink } from './packet-sink.ts';
import { hasWildcard, nameProblem, type TopicTable, textProblemOf } from './topics.ts';
import { willChangeOf } from './will.ts';

type Request =
  | { readonly kind: 'register'; readonly messageId: number; readonly name: string; readonly topicId: number }
  | {
      readonly kind: 'subscribe';
      readonly messageId: number;
      readonly name: string;
      readonly qos: Qos;
      /** Topic id assigned with this subscription or before. */
      readonly givenId: number | undefined;
      readonly topicIdField: number;
    }
  | { readonly kind: 'unsubscribe'; readonly messageId: number; readonly name: string }
  | WillUpdate;

/** Update without a message id on the wire; its answer has none either. */
interface WillUpdate {
  readonly kind: WillUpdatePacket['kind'];
  readonly messageId: 0;
  /** New will, as text. */
  readonly name: string;
  /**
   * Return code of the answer, which waits for the answers to earlier updates. `undefined`: the flow is still working.
   */
  readonly returnCode: number | undefined;
}

type WillUpdatePacket = Extract<Packet, { kind: 'willtopicupd' | 'willmsgupd' }>;

interface RequestTerms {
  readonly sink: PacketSink;
  readonly topics: TopicTable;
  readonly requestsMax: number;
  readonly doubt: DamageDoubt;
}

export class ClientRequests {
  private readonly subdevice: string;
  private readonly sink: PacketSink;
  private readonly topics: TopicTable;
  private readonly requestsMax: number;
  private readonly doubt: DamageDoubt;
  private readonly byToken = new Map<number, Request>();

  constructor(subdevice: string, { sink, topics, requestsMax, doubt }: RequestTerms) {
    this.subdevice = subdevice;
    this.sink = sink;
    this.topics = topics;
    this.requestsMax = requestsMax;
    this.doubt = doubt;
  }

  /** Drops all requests, because the connection has ended. */
  forget(): void {
    this.byToken.clear();
  }

  register({ topic, messageId }: RegisterPacket): void {
    const problem = nameProblem(topic);
    if (problem !== undefined) {
      this.discard('REGISTER', topic, problem);
      if (this.doubt.mayBeDamaged(`REGISTER ${messageId} ${topic}`)) return;
      this.regack(0, messageId, RETURN_CODE.notSupported);
      return;
    }
    if (this.isUnderway('register', messageId, topic)) return;
    const topicId = this.isFull() ? undefined : this.topics.idForClient(topic);
    if (topicId === undefined) {
      this.regack(0, messageId, RETURN_CODE.congestion);
    } else if (this.topics.isDurable(topicId)) {
      this.topics.announced(topicId);
      this.regack(topicId, messageId, RETURN_CODE.accepted);
    } else {
      const token = this.await({ kind: 'register', messageId, name: topic, topicId });
      this.sink.report({ kind: 'topicBound', subdevice: this.subdevice, topicId, topic, token });
    }
  }

  subscribe({ filter, messageId, ...asked }: SubscribePacket): void {
    const name = this.topics.filterOf(filter);
    if (name === undefined || name === '') {
      this.suback({ topicId: 0, qos: 0, messageId, returnCode: RETURN_CODE.invalidTopicId });
      return;
    }
    const problem = textProblemOf(name);
    if (problem !== undefined) {
      this.discard('SUBSCRIBE', name, problem);
      if (this.doubt.mayBeDamaged(`SUBSCRIBE ${messageId} ${name}`)) return;
      this.suback({ topicId: 0, qos: 0, messageId, returnCode: RETURN_CODE.notSupported });
      return;
    }
    if (this.isUnderway('subscribe', messageId, name)) return;
    const isGiven = filter.type === 'name' && !hasWildcard(name);
    if (this.isFull()) {
      this.suback({ topicId: 0, qos: 0, messageId, returnCode: RETURN_CODE.congestion });
      return;
    }
    const givenId = isGiven ? this.topics.idForClient(name) : undefined;
    // QoS 2 is not supported: QoS 1 is granted instead.
    const qos: Qos = asked.qos >= 1 ? 1 : 0;
    const topicIdField = givenId ?? predefinedIdOf(filter);
    const token = this.await({ kind: 'subscribe', messageId, name, qos, givenId, topicIdField });
    const subdevice = this.subdevice;
    this.sink.report({ kind: 'subscribe', subdevice, filter: name, qos, topicId: givenId, token });
  }

  /** UNSUBACK has no return code. A request that cannot be done now stays unanswered, and the client repeats it. */
  unsubscribe({ filter, messageId }: UnsubscribePacket): void {
    const name = this.topics.filterOf(filter);
    if (name === undefined || textProblemOf(name) !== undefined) {
      if (this.doubt.mayBeDamaged(`UNSUBSCRIBE ${messageId} ${name ?? ''}`)) return;
      this.sink.send({ kind: 'unsuback', messageId });
      return;
    }
    if (this.isFull() || this.isUnderway('unsubscribe', messageId, name)) return;
    const token = this.await({ kind: 'unsubscribe', messageId, name });
    this.sink.report({ kind: 'unsubscribe', subdevice: this.subdevice, filter: name, token });
  }

  /**
   * The newest update wins. Each update gets an answer, in order, because an answer does not identify its update
   * (MQTT-SN 1.2 §5.4.22 to §5.4.25). A repetition of the newest update before its answer is the same update.
   */
  updateWill(packet: WillUpdatePacket): void {
    const { kind } = packet;
    const name = willText(packet);
    const unanswered = [...this.byToken.values()].filter((request) => request.kind === kind);
    if (unanswered.at(-1)?.name === name) return;
    const change = willChangeOf(packet);
    if (this.isFull()) {
      // no answer now, because it would be taken for that of an earlier update; the client repeats the request
      if (unanswered.length === 0) this.answerUpdate(kind, RETURN_CODE.congestion);
      return;
    }
    const returnCode = change === undefined ? RETURN_CODE.notSupported : undefined;
    const topic = packet.kind === 'willtopicupd' ? packet.will?.topic : undefined;
    const problem = topic === undefined ? undefined : nameProblem(topic);
    if (topic !== undefined && problem !== undefined) {
      this.discard('WILLTOPICUPD', topic, problem);
      if (this.doubt.mayBeDamaged(`WILLTOPICUPD ${topic}`)) return;
    }
    const token = this.await({ kind, messageId: 0, name, returnCode });
    if (change === undefined) this.answerUpdates(kind);
    else this.sink.report({ kind: 'will', subdevice: this.subdevice, change, token });
  }

  /** @returns whether the token belongs to a request here */
  confirm(token: number): boolean {
    if (this.settleUpdate(token, RETURN_CODE.accepted)) return true;
    const request = this.take(token);
    if (request === undefined) return false;
    const { messageId, name } = request;
    switch (request.kind) {
      case 'register':
        this.topics.bind(request.topicId, name);
        this.topics.announced(request.topicId);
        this.regack(request.topicId, messageId, RETURN_CODE.accepted);
        break;
      case 'subscribe':
        if (request.givenId !== undefined) {
          this.topics.bind(request.givenId, name);
          this.topics.announced(request.givenId);
        }
        this.suback({ topicId: request.topicIdField, qos: request.qos, messageId, returnCode: RETURN_CODE.accepted });
        break;
      case 'unsubscribe':
        this.sink.send({ kind: 'unsuback', messageId });
        break;
    }
    return true;
  }

  /** @returns whether the token belongs to a request here */
  refuse(token: number, why: RefuseReason): boolean {
    if (this.settleUpdate(token, returnCodeOf(why))) return true;
    const request = this.take(token);
    if (request === undefined) return false;
    const { messageId } = request;
    switch (request.kind) {
      case 'register':
        this.topics.release(request.topicId);
        this.regack(0, messageId, returnCodeOf(why));
        break;
      case 'subscribe':
        if (request.givenId !== undefined) this.topics.release(request.givenId);
        this.suback({ topicId: 0, qos: 0, messageId, returnCode: returnCodeOf(why) });
        break;
      case 'unsubscribe':
        if (why !== 'congestion') this.sink.send({ kind: 'unsuback', messageId });
        break;
    }
    return true;
  }

  private discard(packet: string, topic: string, problem: string): void {
    this.sink.discard('invalid topic', `${packet} with ${problem}: "${topic}"`, this.subdevice);
  }

  private isFull(): boolean {
    return this.byToken.size >= this.requestsMax;
  }

  private isUnderway(kind: Request['kind'], messageId: number, name: string): boolean {
    for (const request of this.byToken.values()) {
      if (request.kind === kind && request.messageId === messageId && request.name === name) return true;
    }
    return false;
  }

  private await(request: Request): number {
    const token = this.sink.drawToken();
    this.byToken.set(token, request);
    return token;
  }

  private take(token: number): Request | undefined {
    const request = this.byToken.get(token);
    this.byToken.delete(token);
    return request;
  }

  private regack(topicId: number, messageId: number, returnCode: number): void {
    this.sink.send({ kind: 'regack', topicId, messageId, returnCode });
  }

  /** @returns whether the token belongs to an update of the will */
  private settleUpdate(token: number, returnCode: number): boolean {
    const request = this.byToken.get(token);
    if (request?.kind !== 'willtopicupd' && request?.kind !== 'willmsgupd') return false;
    this.byToken.set(token, { ...request, returnCode });
    this.answerUpdates(request.kind);
    return true;
  }

  /** Answers the settled updates, up to the first that is not settled. */
  private answerUpdates(kind: WillUpdatePacket['kind']): void {
    for (const [token, request] of this.byToken) {
      if (request.kind !== kind) continue;
      if (request.returnCode === undefined) return;
      this.byToken.delete(token);
      this.answerUpdate(kind, request.returnCode);
    }
  }

  private answerUpdate(kind: WillUpdatePacket['kind'], returnCode: number): void {
    this.sink.send({ kind: kind === 'willtopicupd' ? 'willtopicresp' : 'willmsgresp', returnCode });
  }

  private suback(answer: Omit<SubackPacket, 'kind'>): void {
    this.sink.send({ kind: 'suback', ...answer });
  }
}

function willText(packet: WillUpdatePacket): string {
  if (packet.kind === 'willmsgupd') return Buffer.from(packet.payload).toString('latin1');
  return packet.will === undefined ? '' : `${packet.will.qos} ${packet.will.retain} ${packet.will.topic}`;
}

/** Return code of a rejection (MQTT-SN 1.2 §5.3.10). */
export function returnCodeOf(why: RefuseReason): number {
  switch (why) {
    case 'congestion':
      return RETURN_CODE.congestion;
    case 'invalid topic':
      return RETURN_CODE.invalidTopicId;
    case 'not allowed':
    case 'not supported':
    case 'too large':
      return RETURN_CODE.notSupported;
  }
}

/** The SUBACK's TopicId is not relevant for short names and for wildcards (MQTT-SN 1.2 §5.4.16). */
function predefinedIdOf(filter: FilterReference): number {
  return filter.type === 'predefined' ? filter.id : 0;
}
