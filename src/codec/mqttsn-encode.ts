/**
 * MQTT-SN packet → bytes. This file is the inverse of `mqttsn-decode.ts`: the decoder returns the value that was
 * encoded.
 *
 * Lengths up to 255 take one octet, longer ones the three-octet form. No length field can exceed 65535. A caller with a
 * payload or a topic from outside must call `packetBytes` first. Source: MQTT-SN 1.2 §5.
 */
import {
  type FilterReference,
  FLAG,
  MESSAGE_TYPE,
  type MqttsnWill,
  type Packet,
  PROTOCOL_ID,
  QOS_SHIFT,
  type SnQos,
  TOPIC_TYPE,
  topicIdField,
} from './mqttsn-packets.ts';
import { encodeText } from './mqttsn-text.ts';

/** Octets after MsgType: fixed octets, then a byte string. */
interface Body {
  readonly head: readonly number[];
  readonly tail: Uint8Array;
}

const NOTHING = new Uint8Array(0);
const SHORT_LENGTH_MAX = 0xff;
/** Largest packet that a length field can describe, octets. */
export const LENGTH_MAX = 0xffff;

/**
 * Number of octets of the packet on the wire. The packet is not built.
 * @returns `undefined` if this packet or the carried packet is too long for its length field
 */
export function packetBytes(packet: Packet): number | undefined {
  const { length, carried } = sizeOf(bodyOf(packet), packet);
  return length > LENGTH_MAX ? undefined : length + carried.length;
}

/** @throws RangeError if `packetBytes` is `undefined` for the packet */
export function encodePacket(packet: Packet): Uint8Array {
  const bytes = encodeWithin(packet, Number.POSITIVE_INFINITY);
  if (bytes === undefined) throw new RangeError(`${packet.kind} is too long for its length field`);
  return bytes;
}

/** @returns `undefined` if the packet has more octets than `bytesMax`, or than its length field can describe */
export function encodeWithin(packet: Packet, bytesMax: number): Uint8Array | undefined {
  const body = bodyOf(packet);
  const { head, tail } = body;
  const { length, isLong, carried } = sizeOf(body, packet);
  if (length > LENGTH_MAX || length + carried.length > bytesMax) return undefined;
  const start = isLong ? [0x01, ...octets(length)] : [length];
  const bytes = new Uint8Array(length + carried.length);
  bytes.set(start);
  bytes[start.length] = MESSAGE_TYPE[packet.kind];
  bytes.set(head, start.length + 1);
  bytes.set(tail, start.length + 1 + head.length);
  bytes.set(carried, length);
  return bytes;
}

/**
 * `length` is the value of the Length field. For an encapsulated packet, this value does not count the carried packet
 * (MQTT-SN 1.2 §5.5).
 */
function sizeOf({ head, tail }: Body, packet: Packet) {
  const bodyBytes = 1 + head.length + tail.length;
  const isLong = bodyBytes + 1 > SHORT_LENGTH_MAX;
  const carried = packet.kind === 'encapsulated' ? packet.packet : NOTHING;
  return { length: bodyBytes + (isLong ? 3 : 1), isLong, carried };
}

function bodyOf(packet: Packet): Body {
  switch (packet.kind) {
    case 'advertise':
      return { head: [packet.gatewayId, ...octets(packet.durationS)], tail: NOTHING };
    case 'searchgw':
      return { head: [packet.radius], tail: NOTHING };
    case 'gwinfo':
      return { head: [packet.gatewayId], tail: packet.gatewayAddress };
    case 'connect': {
      const flags = (packet.will ? FLAG.will : 0) | (packet.clean ? FLAG.clean : 0);
      return { head: [flags, PROTOCOL_ID, ...octets(packet.durationS)], tail: encodeText(packet.clientId) };
    }
    case 'connack':
    case 'willtopicresp':
    case 'willmsgresp':
      return { head: [packet.returnCode], tail: NOTHING };
    case 'willtopicreq':
    case 'willmsgreq':
    case 'pingresp':
      return { head: [], tail: NOTHING };
    case 'willtopic':
    case 'willtopicupd':
      return willBody(packet.will);
    case 'willmsg':
    case 'willmsgupd':
      return { head: [], tail: packet.payload };
    case 'register':
      return { head: [...octets(packet.topicId), ...octets(packet.messageId)], tail: encodeText(packet.topic) };
    case 'regack':
    case 'puback': {
      const { topicId, messageId, returnCode } = packet;
      return { head: [high(topicId), low(topicId), high(messageId), low(messageId), returnCode], tail: NOTHING };
    }
    case 'publish': {
      const flags = topicTypeOf(packet.topic.type) | flagsOf(packet) | (packet.retain ? FLAG.retain : 0);
      const head = [flags, ...octets(topicIdField(packet.topic)), ...octets(packet.messageId)];
      return { head, tail: packet.payload };
    }
    case 'pubcomp':
    case 'pubrec':
    case 'pubrel':
    case 'unsuback':
      return { head: octets(packet.messageId), tail: NOTHING };
    case 'subscribe':
    case 'unsubscribe': {
      const flags = topicTypeOf(packet.filter.type) | (packet.kind === 'subscribe' ? flagsOf(packet) : 0);
      return { head: [flags, ...octets(packet.messageId)], tail: filterBytes(packet.filter) };
    }
    case 'suback': {
      const head = [qosBits(packet.qos), ...octets(packet.topicId), ...octets(packet.messageId), packet.returnCode];
      return { head, tail: NOTHING };
    }
    case 'pingreq':
      return { head: [], tail: encodeText(packet.clientId) };
    case 'disconnect':
      return { head: packet.durationS === undefined ? [] : octets(packet.durationS), tail: NOTHING };
    case 'encapsulated':
      return { head: [packet.radius], tail: packet.node };
  }
}

function willBody(will: MqttsnWill | undefined): Body {
  if (will === undefined) return { head: [], tail: NOTHING };
  return { head: [qosBits(will.qos) | (will.retain ? FLAG.retain : 0)], tail: encodeText(will.topic) };
}

function flagsOf({ dup, qos }: { readonly dup: boolean; readonly qos: SnQos }): number {
  return qosBits(qos) | (dup ? FLAG.dup : 0);
}

function qosBits(qos: SnQos): number {
  return (qos & 0b11) << QOS_SHIFT;
}

function topicTypeOf(type: 'name' | 'normal' | 'predefined' | 'short'): number {
  return type === 'predefined' || type === 'short' ? TOPIC_TYPE[type] : TOPIC_TYPE.nameOrNormal;
}

function filterBytes(filter: FilterReference): Uint8Array {
  return filter.type === 'predefined' ? Uint8Array.from(octets(filter.id)) : encodeText(filter.name);
}

/** 16-bit number as octets, most significant first (MQTT-SN 1.2 §5). */
function octets(word: number): number[] {
  return [high(word), low(word)];
}

function high(word: number): number {
  return (word >> 8) & 0xff;
}

function low(word: number): number {
  return word & 0xff;
}
