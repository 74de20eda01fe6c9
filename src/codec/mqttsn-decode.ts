/**
 * Bytes → MQTT-SN packet. Takes the content of a frame; returns a packet or the problem.
 *
 * Invariants: total (never throws); the Length field must equal the number of octets; byte strings
 * are copied, so that a packet does not keep its frame in memory. Source: MQTT-SN 1.2 §5.
 */
import { type Decoded, decoded, undecodable } from '../base/decoded.ts';
import {
  BODY_BYTES,
  type FilterReference,
  FLAG,
  kindOfType,
  type MqttsnWill,
  type Packet,
  PROTOCOL_ID,
  QOS_SHIFT,
  SHORT_NAME_BYTES,
  type SnQos,
  TOPIC_TYPE,
  type TopicReference,
} from './mqttsn-packets.ts';
import { decodeText as anyText, textProblem } from './mqttsn-text.ts';

type Kind = Packet['kind'];

/** First octet of a three-octet Length field (MQTT-SN 1.2 §5.2.1). */
const LONG_LENGTH = 0x01;

/** Decodes a packet whose strings are UTF-8 without NUL. */
export function decodePacket(bytes: Uint8Array): Decoded<Packet> {
  return decodeWith(legibleText, bytes);
}

/** Decodes a packet also if MQTT forbids one of its strings, so that the packet can be answered (`mqttsn-text.ts`). */
export function decodeAnswerable(bytes: Uint8Array): Decoded<Packet> {
  return decodeWith((text) => decoded(anyText(text)), bytes);
}

type DecodeText = (bytes: Uint8Array) => Decoded<string>;

function decodeWith(decodeText: DecodeText, bytes: Uint8Array): Decoded<Packet> {
  const isLong = bytes[0] === LONG_LENGTH;
  const headBytes = isLong ? 4 : 2;
  if (bytes.length < headBytes) return undecodable('shorter than its header', 'MQTT-SN 1.2 §5.2');
  const length = isLong ? wordAt(bytes, 1) : octetAt(bytes, 0);
  const type = octetAt(bytes, headBytes - 1);
  const kind = kindOfType(type);
  if (kind === undefined) return undecodable(`message type ${type} is reserved`, 'MQTT-SN 1.2 §5.2.2');
  if (kind === 'encapsulated') return decodeEncapsulated(bytes, { headBytes, length });
  if (length !== bytes.length) {
    return undecodable(`Length says ${length}, there are ${bytes.length} octets`, 'MQTT-SN 1.2 §5.2.1');
  }
  const [fewest, most] = BODY_BYTES[kind];
  const bodyBytes = bytes.length - headBytes;
  if (bodyBytes < fewest || bodyBytes > most) {
    return undecodable(`${kind} with ${bodyBytes} octets after its type`, 'MQTT-SN 1.2 §5.4');
  }
  return decodeBody(kind, new Body(bytes.subarray(headBytes), decodeText));
}

/** Octets after MsgType. Each read is within the minimum length of the kind of packet, which was checked before. */
class Body {
  readonly bytes: Uint8Array;
  readonly #decodeText: DecodeText;

  constructor(bytes: Uint8Array, decodeText: DecodeText) {
    this.bytes = bytes;
    this.#decodeText = decodeText;
  }

  /** String from `from` to `end`; by default the rest of the octets. */
  text(from: number, end?: number): Decoded<string> {
    return this.#decodeText(this.bytes.subarray(from, end));
  }

  octet(at: number): number {
    return octetAt(this.bytes, at);
  }

  word(at: number): number {
    return wordAt(this.bytes, at);
  }

  has(flag: number): boolean {
    return (this.octet(0) & flag) !== 0;
  }

  qos(): SnQos {
    return QOS_OF_BITS[(this.octet(0) >> QOS_SHIFT) & 0b11] ?? 0;
  }

  topicType(): number {
    return this.octet(0) & 0b11;
  }

  /** Returns the octets from `from` on, as a copy that owns its memory, also if `bytes` is a Buffer. */
  rest(from: number): Uint8Array {
    return new Uint8Array(this.bytes.subarray(from));
  }
}

function octetAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

/** 16-bit number, most significant octet first (MQTT-SN 1.2 §5). */
function wordAt(bytes: Uint8Array, at: number): number {
  return (octetAt(bytes, at) << 8) | octetAt(bytes, at + 1);
}

const QOS_OF_BITS: readonly SnQos[] = [0, 1, 2, -1];

function decodeBody(kind: Exclude<Kind, 'encapsulated'>, body: Body): Decoded<Packet> {
  switch (kind) {
    case 'advertise':
      return decoded({ kind, gatewayId: body.octet(0), durationS: body.word(1) });
    case 'searchgw':
      return decoded({ kind, radius: body.octet(0) });
    case 'gwinfo':
      return decoded({ kind, gatewayId: body.octet(0), gatewayAddress: body.rest(1) });
    case 'connect':
      return decodeConnect(body);
    case 'connack':
    case 'willtopicresp':
    case 'willmsgresp':
      return decoded({ kind, returnCode: body.octet(0) });
    case 'willtopicreq':
    case 'willmsgreq':
    case 'pingresp':
      return decoded({ kind });
    case 'willtopic':
    case 'willtopicupd':
      return mapped(decodeWill(body), (will) => ({ kind, will }));
    case 'willmsg':
    case 'willmsgupd':
      return decoded({ kind, payload: body.rest(0) });
    case 'register': {
      const [topicId, messageId] = [body.word(0), body.word(2)];
      return mapped(body.text(4), (topic) => ({ kind, topicId, messageId, topic }));
    }
    case 'regack':
    case 'puback':
      return decoded({ kind, topicId: body.word(0), messageId: body.word(2), returnCode: body.octet(4) });
    case 'publish':
      return decodePublish(body);
    case 'pubcomp':
    case 'pubrec':
    case 'pubrel':
    case 'unsuback':
      return decoded({ kind, messageId: body.word(0) });
    case 'subscribe': {
      const [dup, qos, messageId] = [body.has(FLAG.dup), body.qos(), body.word(1)];
      return mapped(decodeFilter(body), (filter) => ({ kind, dup, qos, messageId, filter }));
    }
    case 'unsubscribe':
      return mapped(decodeFilter(body), (filter) => ({ kind, messageId: body.word(1), filter }));
    case 'suback':
      return decoded({
        kind,
        qos: body.qos(),
        topicId: body.word(1),
        messageId: body.word(3),
        returnCode: body.octet(5),
      });
    case 'pingreq':
      return mapped(body.text(0), (clientId) => ({ kind, clientId }));
    case 'disconnect':
      if (body.bytes.length === 1) return undecodable('Duration of one octet instead of two', 'MQTT-SN 1.2 §5.4.21');
      return decoded({ kind, durationS: body.bytes.length === 0 ? undefined : body.word(0) });
  }
}

function decodeConnect(body: Body): Decoded<Packet> {
  const protocolId = body.octet(1);
  if (protocolId !== PROTOCOL_ID) return undecodable(`protocol id ${protocolId}`, 'MQTT-SN 1.2 §5.3.8');
  const [will, clean, durationS] = [body.has(FLAG.will), body.has(FLAG.clean), body.word(2)];
  return mapped(body.text(4), (clientId) => ({
    kind: 'connect',
    will,
    clean,
    durationS,
    clientId,
  }));
}

function decodePublish(body: Body): Decoded<Packet> {
  const topic = decodeTopic(body);
  if (!topic.ok) return topic;
  return decoded({
    kind: 'publish',
    dup: body.has(FLAG.dup),
    qos: body.qos(),
    retain: body.has(FLAG.retain),
    topic: topic.value,
    messageId: body.word(3),
    payload: body.rest(5),
  });
}

function decodeTopic(body: Body): Decoded<TopicReference> {
  switch (body.topicType()) {
    case TOPIC_TYPE.nameOrNormal:
      return decoded({ type: 'normal', id: body.word(1) });
    case TOPIC_TYPE.predefined:
      return decoded({ type: 'predefined', id: body.word(1) });
    case TOPIC_TYPE.short:
      return mapped(body.text(1, 1 + SHORT_NAME_BYTES), (name) => ({ type: 'short', name }));
    default:
      return undecodable('topic id type 3 is reserved', 'MQTT-SN 1.2 §5.3.4');
  }
}

function decodeFilter(body: Body): Decoded<FilterReference> {
  const octets = body.bytes.length - 3;
  const type = body.topicType();
  if (type === TOPIC_TYPE.nameOrNormal) return mapped(body.text(3), (name) => ({ type: 'name', name }));
  if (octets !== 2) return undecodable(`${octets} octets of topic id`, 'MQTT-SN 1.2 §5.4.15');
  if (type === TOPIC_TYPE.predefined) return decoded({ type: 'predefined', id: body.word(3) });
  if (type === TOPIC_TYPE.short) return mapped(body.text(3), (name) => ({ type: 'short', name }));
  return undecodable('topic id type 3 is reserved', 'MQTT-SN 1.2 §5.3.4');
}

function decodeWill(body: Body): Decoded<MqttsnWill | undefined> {
  if (body.bytes.length === 0) return decoded(undefined);
  return mapped(body.text(1), (topic) => ({
    qos: body.qos(),
    retain: body.has(FLAG.retain),
    topic,
  }));
}

/** Decodes an encapsulated packet. Its Length field does not count the carried packet (MQTT-SN 1.2 §5.5). */
function decodeEncapsulated(
  bytes: Uint8Array,
  { headBytes, length }: { readonly headBytes: number; readonly length: number },
): Decoded<Packet> {
  const nodeAt = headBytes + 1;
  if (length < nodeAt || length + 2 > bytes.length) {
    return undecodable(`a forwarder's Length of ${length} in ${bytes.length} octets`, 'MQTT-SN 1.2 §5.5');
  }
  const node = new Uint8Array(bytes.subarray(nodeAt, length));
  const packet = new Uint8Array(bytes.subarray(length));
  return decoded({ kind: 'encapsulated', radius: octetAt(bytes, headBytes) & 0b11, node, packet });
}

function legibleText(bytes: Uint8Array): Decoded<string> {
  const text = anyText(bytes);
  const found = textProblem(text);
  return found === undefined ? decoded(text) : undecodable(found.problem, found.tag);
}

function mapped<From, To>(from: Decoded<From>, map: (value: From) => To): Decoded<To> {
  return from.ok ? decoded(map(from.value)) : from;
}
