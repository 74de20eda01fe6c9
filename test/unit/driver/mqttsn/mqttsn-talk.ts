/**
 * Random conversation with an MQTT-SN link, in pieces and through noise. Clients on the wire and behind a forwarder
 * move, sleep, have wills, request topics, repeat packets and become silent; flows answer late, or reject.
 */
import type { Random } from '../../../../src/base/random.ts';
import { encodeFrame, FrameReader } from '../../../../src/codec/mqttsn-cobs.ts';
import { decodePacket } from '../../../../src/codec/mqttsn-decode.ts';
import { encodePacket } from '../../../../src/codec/mqttsn-encode.ts';
import type { Packet, SnQos } from '../../../../src/codec/mqttsn-packets.ts';
import type { DriverCommand, DriverReport, LinkAction, LinkInput } from '../../../../src/driver/driver.ts';
import type { Talk } from '../../recorder/succession.ts';
import { positive } from '../address-book.ts';

type Delivery = Extract<DriverCommand, { kind: 'deliver' }>;
/** `undefined`: on the wire itself. */
type Address = number | undefined;

const ADDRESSES: readonly Address[] = [undefined, 1, 2, 3];
const CLIENTS = ['c1', 'c2', 'c3', 'c4'];
const TOPICS = ['a/b', 'a/c', 'd', 't1', 'alarm/fire'];

export class MqttsnTalk implements Talk<LinkInput, LinkAction> {
  readonly #random: Random;
  readonly #isRaw: boolean;
  readonly #reader = new FrameReader(4096);
  #phase: 'stopped' | 'closed' | 'opening' | 'open' = 'stopped';
  #line = Buffer.alloc(0);
  /** Pending answers of the flows, in no order. */
  readonly #commands: DriverCommand[] = [];
  /** Attached and awake subdevices → true during a delivery. */
  readonly #listening = new Map<string, boolean>();
  readonly #deliveries = new Map<number, Delivery>();
  readonly #topicIds = new Map<string, Map<number, string>>();
  /** Last packets of will dialogues by address; a client repeats them if the answers were lost. */
  readonly #dialogs = new Map<Address, readonly Packet[]>();
  #number = 0;

  constructor(random: Random, isRaw: boolean) {
    this.#random = random;
    this.#isRaw = isRaw;
  }

  next(): LinkInput {
    if (this.#phase === 'stopped') {
      this.#phase = 'closed';
      return { kind: 'start' };
    }
    if (this.#phase === 'opening') {
      this.#phase = this.#is(0.8) ? 'open' : 'closed';
      return this.#phase === 'open' ? { kind: 'opened' } : { kind: 'closed', reason: 'no port' };
    }
    if (this.#phase === 'open' && this.#is(0.004)) return this.#close();
    const command = this.#is(0.3)
      ? this.#commands.splice(Math.floor(this.#random() * this.#commands.length), 1)[0]
      : undefined;
    if (command !== undefined) return command;
    const delivery = this.#is(0.2) ? this.#deliver() : undefined;
    if (delivery !== undefined) return delivery;
    if (this.#is(0.03)) return { kind: 'probe', subdevice: this.#pick(CLIENTS), token: this.#below(1000) };
    if (this.#line.length === 0 || this.#is(0.3)) this.#sendAny();
    const bytes = this.#line.subarray(0, 1 + Math.floor(this.#random() * this.#line.length * 1.3));
    this.#line = this.#line.subarray(bytes.length);
    return { kind: 'bytes', bytes: new Uint8Array(bytes) };
  }

  handle(action: LinkAction): void {
    if (action.kind === 'open') this.#phase = 'opening';
    else if (action.kind === 'write') this.#receive(action.bytes);
    else if (action.kind !== 'close' && action.kind !== 'setSpeed') this.#handleReport(action);
  }

  #close(): LinkInput {
    this.#phase = 'closed';
    this.#line = Buffer.alloc(0);
    return { kind: 'closed', reason: 'unplugged' };
  }

  #sendAny(): void {
    if (this.#is(0.03))
      this.#line = Buffer.concat([this.#line, Buffer.alloc(this.#is(0.2) ? 400 : 3, this.#below(255))]);
    const [address, packet] = [this.#pick(ADDRESSES), this.#packet()];
    if (packet.kind === 'willtopic' || packet.kind === 'willmsg')
      this.#dialogs.set(address, [...(this.#dialogs.get(address) ?? []), packet].slice(-2));
    this.#send(address, packet);
  }

  #send(address: Address, packet: Packet): void {
    const bytes = encodePacket(packet);
    const node = address === undefined ? undefined : Uint8Array.of(0xa0, address);
    const whole = node === undefined ? bytes : encodePacket({ kind: 'encapsulated', radius: 0, node, packet: bytes });
    this.#line = Buffer.concat([this.#line, this.#isRaw ? whole : encodeFrame(whole)]);
  }

  /** Packets that any peer can send at any time. */
  #packet(): Packet {
    const clientId = this.#pick(CLIENTS);
    const messageId = 1 + this.#below(12);
    const will = this.#is(0.2) ? undefined : { qos: 1 as const, retain: false, topic: 'gone' };
    const durationS = this.#pick([0, 5, 20]);
    const chosen = this.#random();
    if (chosen < 0.14) return { kind: 'connect', will: this.#is(0.5), clean: this.#is(0.3), durationS, clientId };
    if (chosen < 0.2) return { kind: 'willtopic', will };
    if (chosen < 0.26) return { kind: 'willmsg', payload: Uint8Array.of(1) };
    if (chosen < 0.36) return { kind: 'register', topicId: 0, messageId, topic: this.#pick(TOPICS) };
    if (chosen < 0.44) return { kind: 'subscribe', dup: false, qos: 1, messageId, filter: this.#filter() };
    if (chosen < 0.48) return { kind: 'unsubscribe', messageId, filter: this.#filter() };
    if (chosen < 0.5) return { kind: 'willtopicupd', will };
    if (chosen < 0.52) return { kind: 'willmsgupd', payload: Uint8Array.of(2) };
    if (chosen < 0.58) return { kind: 'pingreq', clientId: this.#is(0.3) ? '' : clientId };
    if (chosen < 0.62) return { kind: 'disconnect', durationS: this.#is(0.7) ? 5 : undefined };
    if (chosen < 0.63) return { kind: 'searchgw', radius: 1 };
    return this.#publication(messageId);
  }

  #filter(): Extract<Packet, { kind: 'subscribe' }>['filter'] {
    return this.#is(0.2) ? { type: 'predefined', id: 77 } : { type: 'name', name: this.#pick([...TOPICS, 'a/+']) };
  }

  #publication(messageId: number): Packet {
    const qos: SnQos = this.#is(0.8) ? 1 : this.#pick([-1, 0]);
    const topic = this.#is(0.5)
      ? ({ type: 'short', name: 't1' } as const)
      : ({ type: this.#is(0.8) ? 'normal' : 'predefined', id: this.#pick([1, 2, 3, 77]) } as const);
    const payload = Uint8Array.of(messageId % 3);
    return { kind: 'publish', dup: this.#is(0.5), qos, retain: false, topic, messageId, payload };
  }

  /** Answer of a client to a packet, most of the time. */
  #receive(bytes: Uint8Array): void {
    for (const frame of this.#isRaw ? [bytes] : this.#reader.push(bytes)) {
      const outer = decodePacket(frame);
      if (!outer.ok) continue;
      const isCarried = outer.value.kind === 'encapsulated';
      const inner = outer.value.kind === 'encapsulated' ? decodePacket(outer.value.packet) : outer;
      const address = outer.value.kind === 'encapsulated' ? outer.value.node[1] : undefined;
      if (!inner.ok || (isCarried && address === undefined) || this.#is(0.25)) continue;
      const { value: packet } = inner;
      const returnCode = this.#is(0.7) ? 0 : this.#pick([1, 2, 2, 3]);
      if (packet.kind === 'register')
        this.#send(address, { kind: 'regack', topicId: packet.topicId, messageId: packet.messageId, returnCode });
      // The client is asked to repeat later.
      if (packet.kind === 'puback' && packet.returnCode === 1) this.#send(address, this.#publication(packet.messageId));
      const dialog = packet.kind === 'connack' ? (this.#dialogs.get(address) ?? []) : [];
      if (dialog.length > 0) this.#send(address, this.#pick(dialog));
      if (packet.kind === 'pingreq') this.#send(address, { kind: 'pingresp' });
      if (packet.kind === 'publish') {
        const topicId = packet.topic.type === 'short' ? 0x7431 : packet.topic.id;
        this.#send(address, { kind: 'puback', topicId, messageId: packet.messageId, returnCode });
      }
    }
  }

  #deliver(): Delivery | undefined {
    const [subdevice] = [...this.#listening].find(([, isBusy]) => !isBusy) ?? [];
    if (subdevice === undefined) return undefined;
    this.#listening.set(subdevice, true);
    const again = this.#is(0.5)
      ? [...this.#deliveries.values()].find((earlier) => earlier.subdevice === subdevice)
      : undefined;
    this.#number += 1;
    const fresh = {
      topic: this.#pick([...TOPICS, 'x/1', 'x/2']),
      payload: Uint8Array.of(this.#number % 256),
      dup: false,
    };
    const { topic, payload, dup } = again === undefined ? fresh : { ...again, dup: true };
    const command: Delivery = {
      kind: 'deliver',
      subdevice,
      token: this.#number,
      topic,
      payload,
      qos: this.#is(0.9) ? 1 : 0,
      dup,
    };
    this.#deliveries.set(command.token, command);
    return command;
  }

  #handleReport(report: DriverReport): void {
    switch (report.kind) {
      case 'attach':
        this.#listening.delete(report.subdevice);
        if (report.clean) this.#topicIds.delete(report.subdevice);
        this.#commands.push(this.#attached(report.subdevice));
        break;
      case 'detach':
        this.#listening.delete(report.subdevice);
        if (report.cause === 'asked') this.#commands.push({ kind: 'released', subdevice: report.subdevice });
        break;
      case 'slept':
        this.#listening.delete(report.subdevice);
        break;
      case 'woke':
        this.#listening.set(report.subdevice, false);
        this.#commands.push({ kind: 'rest', subdevice: report.subdevice });
        break;
      case 'uplink':
        if (report.token !== undefined) this.#answer(report.subdevice, report.token, 'acknowledge');
        break;
      case 'topicBound':
      case 'subscribe':
        if (report.topicId !== undefined)
          this.#bind(report.subdevice, report.topicId, report.kind === 'subscribe' ? report.filter : report.topic);
        if (report.token !== undefined) this.#answer(report.subdevice, report.token, 'confirm');
        break;
      case 'unsubscribe':
      case 'will':
        this.#answer(report.subdevice, report.token, 'confirm');
        break;
      case 'topicReleased':
        this.#topicIds.get(report.subdevice)?.delete(report.topicId);
        break;
      case 'delivered':
      case 'undelivered':
        this.#ended(report);
        break;
      case 'unconnected':
      case 'probed':
        break;
    }
  }

  #attached(subdevice: string): DriverCommand {
    if (this.#is(0.1)) return { kind: 'attached', subdevice, answer: { accepted: false, why: 'congestion' } };
    const topicIds = new Map(this.#topicIds.get(subdevice));
    this.#listening.set(subdevice, false);
    return { kind: 'attached', subdevice, answer: { accepted: true, topicIds } };
  }

  #bind(subdevice: string, topicId: number, topic: string): void {
    this.#topicIds.set(subdevice, new Map(this.#topicIds.get(subdevice)).set(topicId, topic));
  }

  #answer(subdevice: string, token: number, kind: 'acknowledge' | 'confirm'): void {
    const why = this.#pick(['congestion', 'not allowed', 'invalid topic'] as const);
    this.#commands.push(this.#is(0.75) ? positive(kind, subdevice, token) : { kind: 'refuse', subdevice, token, why });
  }

  #ended({ kind, token }: Extract<DriverReport, { kind: 'delivered' | 'undelivered' }>): void {
    const subdevice = this.#deliveries.get(token)?.subdevice ?? '';
    if (this.#listening.has(subdevice)) this.#listening.set(subdevice, false);
    if (kind === 'delivered') this.#deliveries.delete(token);
  }

  #is(probability: number): boolean {
    return this.#random() < probability;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #pick<Value>(values: readonly Value[]): Value {
    return values[this.#below(values.length)] as Value;
  }
}
