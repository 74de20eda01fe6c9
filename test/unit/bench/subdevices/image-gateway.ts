/**
 * Gateway of one subdevice that has a firmware image for it, for tests of both clients: packets and time in, packets out.
 * It offers the image at each VERSION, until the subdevice reports its version or refuses it.
 */
import { createHash } from 'node:crypto';
import { crc32 } from '../../../../src/codec/crc32.ts';
import {
  decodeFirmwareUp,
  encodeFirmwareDown,
  FIRMWARE_DOWN,
  FIRMWARE_UP,
  type FirmwareDownMessage,
  type FirmwareUpMessage,
} from '../../../../src/codec/firmware-messages.ts';
import type { Packet, PublishPacket } from '../../../../src/codec/mqttsn-packets.ts';

/** Topic id of `$fw/down`. */
const DOWN_ID = 99;
const REPEAT_MS = 1000;

type GetMessage = Extract<FirmwareUpMessage, { kind: 'get' }>;
type StateMessage = Extract<FirmwareUpMessage, { kind: 'state' }>;

export class ImageGateway {
  /** Versions that the subdevice has reported. */
  readonly versions: string[] = [];
  readonly states: StateMessage[] = [];
  readonly gets: GetMessage[] = [];
  /** Offsets of the first GET after each VERSION. */
  readonly begins: number[] = [];
  readonly image: number;
  readonly #octets: Uint8Array;
  readonly #version: string;
  readonly #names = new Map<number, string>();
  #next = 0;
  #confirmed = 0;
  #lastMessageId = 0;
  /** Unacknowledged message with QoS 1, which is repeated. */
  #unanswered: PublishPacket | undefined;
  #sentMs = 0;
  #isAsleep = false;
  #isWaiting = false;
  #hasBegun = true;

  constructor(octets: Uint8Array, version: string) {
    this.#octets = octets;
    this.#version = version;
    this.image = crc32(octets);
  }

  /** True if the subdevice runs the version of the image, or the update has failed. */
  get isOver(): boolean {
    return this.versions.at(-1) === this.#version || this.states.some(({ state }) => state !== 'received');
  }

  /** Returns the answers to packets of the subdevice, and repetitions. */
  step(packets: readonly Packet[], nowMs: number): Packet[] {
    const answers = packets.flatMap((packet) => this.#receive(packet, nowMs));
    if (this.#unanswered === undefined || this.#isAsleep || nowMs - this.#sentMs < REPEAT_MS) return answers;
    this.#sentMs = nowMs;
    return [...answers, this.#registration, { ...this.#unanswered, dup: true }];
  }

  /** Returns the packet that ends the transfer. */
  stop(nowMs: number): Packet[] {
    return this.#sendQos1({ kind: 'stop', image: this.image }, nowMs);
  }

  get #registration(): Packet {
    return { kind: 'register', topicId: DOWN_ID, messageId: 1, topic: FIRMWARE_DOWN };
  }

  #receive(packet: Packet, nowMs: number): Packet[] {
    switch (packet.kind) {
      case 'connect':
        this.#isAsleep = false;
        this.#unanswered = undefined;
        return [{ kind: 'connack', returnCode: 0 }];
      case 'register':
        this.#names.set(this.#names.size + 1, packet.topic);
        return [{ kind: 'regack', topicId: this.#names.size, messageId: packet.messageId, returnCode: 0 }];
      case 'subscribe':
        return [{ kind: 'suback', qos: 1, topicId: 0, messageId: packet.messageId, returnCode: 0 }];
      case 'publish':
        return this.#receivePublish(packet, nowMs);
      case 'puback':
        if (packet.messageId === this.#unanswered?.messageId && packet.returnCode === 0) this.#unanswered = undefined;
        return [];
      case 'disconnect':
        this.#isAsleep = packet.durationS !== undefined;
        return [{ kind: 'disconnect', durationS: undefined }];
      case 'pingreq':
        return this.#isAsleep && packet.clientId !== '' ? this.#deliverWaiting(nowMs) : [{ kind: 'pingresp' }];
      default:
        return [];
    }
  }

  #receivePublish({ topic, qos, messageId, payload }: PublishPacket, nowMs: number): Packet[] {
    const id = topic.type === 'short' ? 0 : topic.id;
    const answers: Packet[] = qos === 1 ? [{ kind: 'puback', topicId: id, messageId, returnCode: 0 }] : [];
    if (this.#names.get(id) !== FIRMWARE_UP) return answers;
    const message = decodeFirmwareUp(payload);
    if (!message.ok) throw new Error('the subdevice has sent an invalid message');
    return [...answers, ...this.#receiveMessage(message.value, nowMs)];
  }

  #receiveMessage(message: FirmwareUpMessage, nowMs: number): Packet[] {
    if (message.kind === 'get') return this.#chunks(message);
    if (message.kind === 'state') {
      this.states.push(message);
      return [];
    }
    this.versions.push(message.version);
    this.#hasBegun = false;
    return this.isOver ? [] : this.offer(nowMs);
  }

  /** Returns the packets of an offer. */
  offer(nowMs: number): Packet[] {
    const md5 = createHash('md5').update(this.#octets).digest('hex');
    const size = this.#octets.length;
    return this.#sendQos1({ kind: 'offer', image: this.image, size, md5, version: this.#version }, nowMs);
  }

  /** Lets the offer wait for the next waking of a sleeping subdevice. */
  offerAtWaking(): void {
    this.#isWaiting = true;
  }

  #deliverWaiting(nowMs: number): Packet[] {
    const offer = this.#isWaiting ? this.offer(nowMs) : [];
    this.#isWaiting = false;
    return [...offer, { kind: 'pingresp' }];
  }

  #sendQos1(message: FirmwareDownMessage, nowMs: number): Packet[] {
    this.#lastMessageId += 1;
    this.#unanswered = publishOf(message, 1, this.#lastMessageId);
    this.#sentMs = nowMs;
    return [this.#registration, this.#unanswered];
  }

  #chunks(get: GetMessage): Packet[] {
    this.gets.push(get);
    const { image, offset, isAgain, window, chunkBytes } = get;
    if (!this.#hasBegun) this.begins.push(offset);
    this.#hasBegun = true;
    if (image !== this.image || offset > this.#octets.length) return [];
    if (isAgain || offset < this.#confirmed || offset > this.#next) this.#next = offset;
    this.#confirmed = offset;
    const permitted = Math.min(this.#octets.length, offset + window * chunkBytes);
    const chunks: Packet[] = [];
    while (this.#next < permitted) {
      const octets = this.#octets.subarray(this.#next, Math.min(this.#next + chunkBytes, permitted));
      chunks.push(publishOf({ kind: 'chunk', image, offset: this.#next, octets }, 0, 0));
      this.#next += octets.length;
    }
    return chunks;
  }
}

function publishOf(message: FirmwareDownMessage, qos: 0 | 1, messageId: number): PublishPacket {
  const topic = { type: 'normal', id: DOWN_ID } as const;
  return { kind: 'publish', dup: false, qos, retain: false, topic, messageId, payload: encodeFirmwareDown(message) };
}
