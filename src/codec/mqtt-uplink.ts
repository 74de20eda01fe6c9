/**
 * Encoder and reader of the two packets that each uplink needs: the PUBLISH to the hub, and the PUBACK from the hub.
 * This file does not use the library: with the library, these two packets took an eighth of the work for a message. A
 * test compares both with the library (`mqtt-uplink.test.ts`).
 *
 * Source: MQTT 3.1.1 §2.2.3, §3.3 and §3.4.
 */
import type { Publish } from './mqtt.ts';
import type { RawPacket } from './mqtt-framing.ts';

interface Puback {
  readonly kind: 'puback';
  /** Packet identifier, 1 to 65535. */
  readonly packetId: number;
}

const PUBLISH = 0x30;
const DUP = 0x08;
const RETAIN = 0x01;
const QOS_SHIFT = 1;
const PUBACK = 0x40;
const TOPIC_BYTES_MAX = 0xffff;
/** Largest value of the remaining length: four octets of seven bits each. */
const REMAINING_LENGTH_MAX = 268_435_455;

/** RETAIN is absent unless the receiver must keep the message. */
type Publication = Omit<Publish, 'kind' | 'retain'> & { readonly retain?: boolean | undefined };

/**
 * Encodes packets one after the other, in one piece of memory.
 * @throws RangeError for a topic or a packet that is too long for its length field, and for a packet identifier of 0
 */
export function encodePublishes(publications: readonly Publication[]): Uint8Array {
  let length = 0;
  for (const publication of publications) {
    const remainingLength = remainingLengthOf(publication);
    length += 1 + lengthBytes(remainingLength) + remainingLength;
  }
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  for (const publication of publications) at = writePublish(bytes, at, publication);
  return bytes;
}

function remainingLengthOf({ topic, payload, qos, packetId }: Publication): number {
  const topicBytes = Buffer.byteLength(topic);
  const length = 2 + topicBytes + (qos === 0 ? 0 : 2) + payload.length;
  if (topicBytes === 0 || topicBytes > TOPIC_BYTES_MAX) throw new RangeError(`topic of ${topicBytes} bytes`);
  if (length > REMAINING_LENGTH_MAX) throw new RangeError(`PUBLISH of ${length} bytes`);
  if (qos > 0 && !packetId) throw new RangeError('PUBLISH without a packet identifier'); // [MQTT-2.3.1-1]
  return length;
}

/** @returns the position after the packet */
function writePublish(bytes: Buffer, start: number, publication: Publication): number {
  const { topic, payload, qos, retain, dup, packetId } = publication;
  bytes[start] = PUBLISH | (dup ? DUP : 0) | (qos << QOS_SHIFT) | (retain ? RETAIN : 0);
  let at = start + 1;
  for (let rest = remainingLengthOf(publication); ; at += 1) {
    bytes[at] = rest & 0x7f;
    rest >>>= 7;
    if (rest === 0) break;
    bytes[at] = (bytes[at] ?? 0) | 0x80;
  }
  const topicAt = at + 3;
  const topicBytes = bytes.write(topic, topicAt);
  bytes.writeUInt16BE(topicBytes, at + 1);
  at = topicAt + topicBytes;
  if (qos > 0) at = bytes.writeUInt16BE(packetId ?? 0, at);
  bytes.set(payload, at);
  return at + payload.length;
}

/** @param packet has passed the rules. @returns `undefined` for any other packet than a PUBACK */
export function readPuback({ first, body }: RawPacket): Puback | undefined {
  const [high, low] = body;
  if (first !== PUBACK || high === undefined || low === undefined) return undefined;
  return { kind: 'puback', packetId: (high << 8) | low };
}

function lengthBytes(length: number): number {
  if (length < 0x80) return 1;
  return Math.ceil((32 - Math.clz32(length)) / 7);
}
