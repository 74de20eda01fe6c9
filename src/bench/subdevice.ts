/**
 * A simulated subdevice: the client's half of MQTT-SN 1.2 in sn-cobs frames, as a Machine on a byte channel. Like a
 * careful microcontroller it gives up nothing and goes on for ever.
 *
 * Invariants: a QoS 1 publication is sent until it is acknowledged or rejected for good, over any number of connections;
 * one request (REGISTER …) is unanswered at a time. The caller bounds what it orders (`queued`).
 */
import type { Machine } from '../base/machine.ts';
import { type AcknowledgePacket, type Packet, type PublishPacket, RETURN_CODE, topicIdField } from '../codec/mqttsn.ts';
import { decodePacket } from '../codec/mqttsn-decode.ts';
import { encodePacket } from '../codec/mqttsn-encode.ts';
import { encodeFrame, FrameReader } from '../codec/sn-cobs.ts';
import type { SubdeviceAction, SubdeviceInput, SubdeviceOptions } from './subdevice-contract.ts';
import { SubdeviceKeepAlive } from './subdevice-keep-alive.ts';
import { SubdeviceQueue } from './subdevice-queue.ts';
import { SubdeviceRequests } from './subdevice-requests.ts';
import { SubdeviceTopics } from './subdevice-topics.ts';

type State = 'stopped' | 'opening' | 'waiting to reopen' | 'connecting' | 'connected' | 'away';

export class Subdevice implements Machine<SubdeviceInput, SubdeviceAction> {
  readonly #options: SubdeviceOptions;
  readonly #queue: SubdeviceQueue;
  readonly #topics: SubdeviceTopics;
  readonly #requests: SubdeviceRequests;
  readonly #reader: FrameReader;
  readonly #keepAlive: SubdeviceKeepAlive;
  #actions: SubdeviceAction[] = [];
  #state: State = 'stopped';
  #wantsConnection = true;
  /** When the channel is opened again, CONNECT is sent again, or a congested gateway is tried again. */
  #pauseUntilMs: number | undefined;

  constructor(options: SubdeviceOptions) {
    this.#options = options;
    this.#queue = new SubdeviceQueue(options.window, options.retryMs);
    this.#topics = new SubdeviceTopics(options.predefinedTopics);
    this.#requests = new SubdeviceRequests(this.#queue, options.retryMs);
    this.#reader = new FrameReader(options.packetBytesMax);
    this.#keepAlive = new SubdeviceKeepAlive(options);
  }

  get state(): State {
    return this.#state;
  }

  /** Publications not acknowledged yet. */
  get queued(): number {
    return this.#queue.length;
  }

  /** Those of them that were sent at least once. */
  get outstanding(): number {
    return this.#queue.outstanding;
  }

  wakeAtMs(): number | undefined {
    const wakes = [this.#pauseUntilMs];
    if (this.#state === 'connected') {
      wakes.push(this.#requests.wakeAtMs(), this.#keepAlive.pingAtMs());
      if (this.#pauseUntilMs === undefined) wakes.push(this.#queue.wakeAtMs());
    }
    const atMs = Math.min(...wakes.map((wake) => wake ?? Number.POSITIVE_INFINITY));
    return Number.isFinite(atMs) ? atMs : undefined;
  }

  handle(input: SubdeviceInput, nowMs: number): SubdeviceAction[] {
    switch (input.kind) {
      case 'start':
        if (this.#state === 'stopped') this.#open();
        break;
      case 'stop':
        if (this.#state !== 'stopped' && this.#state !== 'waiting to reopen') {
          this.#actions.push({ kind: 'close', reason: 'stopped' });
        }
        this.#leave('stopped', undefined);
        break;
      case 'opened':
        this.#reader.reset();
        if (this.#state === 'opening') this.#connect(nowMs);
        break;
      case 'closed':
        if (this.#state !== 'stopped') this.#leave('waiting to reopen', nowMs + this.#options.retryMs);
        break;
      case 'bytes':
        for (const packet of this.#reader.push(input.bytes).map(decodePacket)) {
          if (packet.ok) this.#receive(packet.value, nowMs);
        }
        break;
      case 'wake':
        this.#wake(nowMs);
        break;
      case 'publish':
        this.#queue.push(input);
        break;
      case 'subscribe':
      case 'unsubscribe':
        this.#requests.want(input);
        break;
      case 'disconnect':
        this.#wantsConnection = false;
        if (this.#state === 'connected' || this.#state === 'connecting') {
          this.#send({ kind: 'disconnect', durationS: undefined }, nowMs);
          this.#leave('away', undefined);
        }
        break;
      case 'connect':
        this.#wantsConnection = true;
        if (this.#state === 'away') this.#connect(nowMs);
        break;
    }
    this.#advance(nowMs);
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }

  #open(): void {
    this.#state = 'opening';
    this.#pauseUntilMs = undefined;
    this.#actions.push({ kind: 'open' });
  }

  #connect(nowMs: number): void {
    this.#leave(this.#wantsConnection ? 'connecting' : 'away', undefined);
    if (!this.#wantsConnection) return;
    const { clientId, clean, keepAliveMs, retryMs } = this.#options;
    this.#pauseUntilMs = nowMs + retryMs;
    this.#send({ kind: 'connect', will: false, clean, durationS: Math.ceil(keepAliveMs / 1000), clientId }, nowMs);
  }

  #leave(state: State, pauseUntilMs: number | undefined): void {
    if (this.#state === 'connected') this.#actions.push({ kind: 'disconnected' });
    this.#state = state;
    this.#pauseUntilMs = pauseUntilMs;
  }

  #wake(nowMs: number): void {
    if (this.#pauseUntilMs !== undefined && nowMs >= this.#pauseUntilMs) {
      this.#pauseUntilMs = undefined;
      if (this.#state === 'waiting to reopen') this.#open();
      else if (this.#state === 'connecting') this.#connect(nowMs);
    }
    if (this.#state !== 'connected') return;
    if (this.#keepAlive.isOver(nowMs)) {
      this.#connect(nowMs);
      return;
    }
    if (nowMs >= (this.#keepAlive.pingAtMs() ?? Number.POSITIVE_INFINITY)) {
      this.#keepAlive.asked(nowMs);
      this.#send({ kind: 'pingreq', clientId: '' }, nowMs);
    }
    this.#requests.wake(nowMs);
    if (this.#pauseUntilMs === undefined) this.#queue.wake(nowMs);
  }

  /** Sends what may be sent now: the pending request, then publications in order. */
  #advance(nowMs: number): void {
    if (this.#state !== 'connected') return;
    const request = this.#requests.take(nowMs);
    if (request !== undefined) this.#send(request, nowMs);
    while (this.#pauseUntilMs === undefined) {
      const sending = this.#queue.next();
      if (sending === undefined) return;
      const topic = this.#topics.referenceTo(sending.topic);
      if (topic === undefined) {
        const register = this.#requests.register(sending.topic, nowMs);
        if (register !== undefined) this.#send(register, nowMs);
        return;
      }
      this.#send(this.#queue.transmit(sending, topic, nowMs), nowMs);
    }
  }

  #receive(packet: Packet, nowMs: number): void {
    this.#keepAlive.heard(nowMs);
    if (packet.kind === 'connack') this.#connack(packet.returnCode);
    if (this.#state !== 'connected') return;
    switch (packet.kind) {
      case 'disconnect':
        this.#connect(nowMs);
        break;
      case 'register':
        this.#topics.learn(packet.topicId, packet.topic);
        this.#send({ ...packet, kind: 'regack', returnCode: RETURN_CODE.accepted }, nowMs);
        break;
      case 'publish':
        this.#receivePublish(packet, nowMs);
        break;
      case 'puback':
        this.#puback(packet, nowMs);
        break;
      case 'regack':
      case 'suback':
      case 'unsuback':
        this.#answered(packet, nowMs);
        break;
      default:
    }
  }

  #connack(returnCode: number): void {
    if (this.#state !== 'connecting' || returnCode !== RETURN_CODE.accepted) return;
    this.#state = 'connected';
    this.#pauseUntilMs = undefined;
    if (this.#options.clean) this.#topics.forget();
    this.#requests.rewind(this.#options.clean);
    this.#queue.rewind();
    this.#actions.push({ kind: 'connected' });
  }

  #receivePublish({ topic, messageId, qos, dup, payload }: PublishPacket, nowMs: number): void {
    const name = this.#topics.nameOf(topic);
    const returnCode = name === undefined ? RETURN_CODE.invalidTopicId : RETURN_CODE.accepted;
    if (name !== undefined) this.#actions.push({ kind: 'received', topic: name, payload, qos: qos === 1 ? 1 : 0, dup });
    if (qos === 1 || name === undefined) {
      this.#send({ kind: 'puback', topicId: topicIdField(topic), messageId, returnCode }, nowMs);
    }
  }

  #puback({ topicId, messageId, returnCode }: AcknowledgePacket<'puback'>, nowMs: number): void {
    if (returnCode === RETURN_CODE.accepted || returnCode === RETURN_CODE.notSupported) {
      const kind = returnCode === RETURN_CODE.accepted ? 'acknowledged' : 'rejected';
      const sending = this.#queue.acknowledge(messageId);
      if (sending !== undefined) this.#actions.push({ kind, reference: sending.reference });
    } else if (returnCode === RETURN_CODE.invalidTopicId) {
      this.#topics.unlearn(topicId);
      const sending = this.#queue.find(messageId);
      if (sending !== undefined && this.#topics.referenceTo(sending.topic) === undefined) sending.retryAtMs = undefined;
    } else {
      this.#queue.rewind();
      this.#pauseUntilMs = nowMs + this.#options.retryMs;
    }
  }

  #answered(packet: Extract<Packet, { kind: 'regack' | 'suback' | 'unsuback' }>, nowMs: number): void {
    const request = this.#requests.answer(packet, nowMs);
    if (request === undefined) return;
    const { name, topicId } = request;
    if (topicId !== 0) this.#topics.learn(topicId, name);
    if (packet.kind === 'regack') return;
    this.#actions.push({ kind: packet.kind === 'suback' ? 'subscribed' : 'unsubscribed', filter: name });
  }

  #send(packet: Packet, nowMs: number): void {
    this.#keepAlive.sent(nowMs);
    this.#actions.push({ kind: 'write', bytes: encodeFrame(encodePacket(packet)) });
  }
}
