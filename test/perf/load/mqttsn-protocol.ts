/** MQTT-SN in sn-cobs frames. PUBACK, the only frequent packet, has a parser of its own; the codec reads the others. */
import { decodeCobs } from '../../../src/codec/cobs.ts';
import { encodeFrame } from '../../../src/codec/mqttsn-cobs.ts';
import { decodePacket } from '../../../src/codec/mqttsn-decode.ts';
import { encodePacket } from '../../../src/codec/mqttsn-encode.ts';
import { RETURN_CODE } from '../../../src/codec/mqttsn-packets.ts';
import { numberIn } from './frames.ts';
import type { AnswerSink, LineProtocol } from './line-protocol.ts';

const PUBACK = 0x0d;
const PUBACK_BYTES = 7;
const CRC_BYTES = 4;
/** COBS of a packet of 7 octets and its CRC. */
const PUBACK_ENCODED_BYTES = PUBACK_BYTES + CRC_BYTES + 1;
const SUBSCRIBE_ID = 1;
const SLEEP_S = 600;

export interface MqttsnProtocolPlan {
  readonly clientId: string;
  /** Filter to subscribe to after CONNACK. */
  readonly filter?: string | undefined;
}

export class MqttsnProtocol implements LineProtocol {
  readonly greeting: Uint8Array;
  readonly sleep = encodeFrame(encodePacket({ kind: 'disconnect', durationS: SLEEP_S }));
  readonly wake: Uint8Array;
  readonly #filter: string | undefined;
  readonly #scratch = new Uint8Array(PUBACK_ENCODED_BYTES);
  #held = new Uint8Array(0);

  constructor({ clientId, filter }: MqttsnProtocolPlan) {
    this.#filter = filter;
    const clean = filter === undefined;
    this.greeting = encodeFrame(encodePacket({ kind: 'connect', will: false, clean, durationS: 0, clientId }));
    this.wake = encodeFrame(encodePacket({ kind: 'pingreq', clientId }));
  }

  receive(bytes: Uint8Array, sink: AnswerSink): void {
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    let from = 0;
    for (let to = all.indexOf(0); to !== -1; to = all.indexOf(0, from)) {
      if (to > from) this.#frame(all, from, to, sink);
      from = to + 1;
    }
    this.#held = all.slice(from);
  }

  #frame(all: Uint8Array, from: number, to: number, sink: AnswerSink): void {
    if (to - from === PUBACK_ENCODED_BYTES && this.#isPuback(all, from)) {
      const [, , , , high = 0, low = 0, returnCode] = this.#scratch;
      const id = high * 0x100 + low;
      if (returnCode === RETURN_CODE.accepted) sink.acknowledged(id);
      else sink.refused(id);
      return;
    }
    const guarded = new Uint8Array(to - from);
    const end = decodeCobs(all.subarray(from, to), guarded, 0);
    if (end !== undefined) this.#packet(guarded.subarray(0, end - CRC_BYTES), sink);
  }

  /** Undoes COBS into the scratch memory. */
  #isPuback(all: Uint8Array, from: number): boolean {
    let zeroAt = (all[from] ?? 0) - 1;
    for (let index = 0; index < PUBACK_ENCODED_BYTES - 1; index += 1) {
      const byte = all[from + 1 + index] ?? 0;
      this.#scratch[index] = index === zeroAt ? 0 : byte;
      if (index === zeroAt) zeroAt = index + byte;
    }
    return this.#scratch[0] === PUBACK_BYTES && this.#scratch[1] === PUBACK;
  }

  #packet(bytes: Uint8Array, sink: AnswerSink): void {
    const packet = decodePacket(bytes);
    if (!packet.ok) return;
    const { value } = packet;
    switch (value.kind) {
      case 'connack':
        if (value.returnCode !== RETURN_CODE.accepted) return;
        if (this.#filter === undefined) sink.connected();
        else sink.received(0, this.#subscribe(this.#filter));
        return;
      case 'suback':
        sink.connected();
        return;
      case 'disconnect':
        sink.disconnected();
        return;
      case 'pingresp':
        sink.slept();
        return;
      case 'register': {
        const { topicId, messageId } = value;
        sink.received(0, frameOf({ kind: 'regack', topicId, messageId, returnCode: RETURN_CODE.accepted }));
        return;
      }
      case 'publish': {
        const { topic, messageId, payload } = value;
        const topicId = topic.type === 'short' ? 0 : topic.id;
        const puback = frameOf({ kind: 'puback', topicId, messageId, returnCode: RETURN_CODE.accepted });
        sink.received(numberIn(payload, 0, payload.length), puback);
        return;
      }
    }
  }

  #subscribe(name: string): Uint8Array {
    const filter = { type: 'name', name } as const;
    return frameOf({ kind: 'subscribe', dup: false, qos: 1, messageId: SUBSCRIBE_ID, filter });
  }
}

function frameOf(packet: Parameters<typeof encodePacket>[0]): Uint8Array {
  return encodeFrame(encodePacket(packet));
}
