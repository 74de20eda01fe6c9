/**
 * MQTT 3.1.1 on the wire: bytes to packets, and packets to bytes.
 *
 * Used between a byte channel and an MQTT endpoint: the hub client on one end, the bench hub on the other. The only
 * file that imports mqtt-packet. That library is lenient, so invalid packets are rejected before it reads them
 * (`mqtt-framing.ts` checks the length, `mqtt-rules.ts` the rest). Never throws on bytes from outside. Never holds more
 * than one packet of `packetBytesMax`. Every returned payload owns its memory.
 *
 * Source: MQTT 3.1.1, §2 and §3.
 */
import {
  generate,
  type IConnectPacket,
  parser as newParser,
  type Packet,
  type Parser,
  writeToStream,
} from 'mqtt-packet';
import { type Decoded, decoded, undecodable } from '../base/decoded.ts';
import type { ConnackCode, Connect, MqttPacket, MqttQos, Pingresp, Publish, Suback, SubackCode } from './mqtt.ts';
import { MqttFraming, type MqttFramingLimits, type RawPacket } from './mqtt-framing.ts';
import { problemIn } from './mqtt-rules.ts';
import { encodePublishes, readPuback } from './mqtt-uplink.ts';
import { bytesSample } from './other-protocols.ts';

/** Largest packet: enough for a hub whose largest message is 16 KB, with room for other hubs. */
export const PACKET_BYTES_MAX = 64 * 1024;

// The library would keep a Buffer for each of the 65536 packet identifiers: about 10 MB without a measurable gain.
writeToStream.cacheNumbers = false;

export interface MqttReaderLimits extends MqttFramingLimits {
  /**
   * If true, a well-framed PUBLISH with an invalid topic or flag is passed on with its `problem`, and a PUBLISH on
   * which the library fails is passed on with its `fault`. An answer (SUBACK, UNSUBACK, PUBACK, PUBREC, PUBCOMP,
   * PINGRESP) with an invalid body is passed on with its `problem`. Without this option, each of these packets ends the
   * stream, as any other protocol violation does.
   */
  readonly passesInvalid?: boolean;
  /** If true, the text of a problem that ends the stream contains the first bytes of the packet. */
  readonly namesBytes?: boolean;
}

/**
 * Reader of one connection. After the first problem the reader reads no further packet: the connection must be closed
 * [MQTT-4.8.0-1].
 */
export class MqttReader {
  private readonly framing: MqttFraming;
  private readonly passesInvalid: boolean;
  private readonly namesBytes: boolean;
  private hasFailed = false;

  constructor(limits: MqttReaderLimits) {
    this.framing = new MqttFraming(limits);
    this.passesInvalid = limits.passesInvalid === true;
    this.namesBytes = limits.namesBytes === true;
  }

  /** True if a problem was found. The reader then reads no further packet. */
  get isDead(): boolean {
    return this.hasFailed;
  }

  /** Number of bytes held of an unfinished packet. */
  get heldBytes(): number {
    return this.framing.heldBytes;
  }

  /**
   * Returns the packets that these bytes complete, in order. A problem is the last entry; later calls return nothing.
   * @param bytes may be a view of a pool: kept bytes are copied
   */
  push(bytes: Uint8Array): Decoded<MqttPacket>[] {
    const packets: Decoded<MqttPacket>[] = [];
    if (this.hasFailed) return packets;
    for (const raw of this.framing.push(bytes)) {
      const packet = raw.ok ? this.read(raw.value) : raw;
      if (packet.ok) {
        packets.push(packet);
        continue;
      }
      packets.push(this.namesBytes ? withBytes(packet, raw.ok ? raw.value.bytes : this.framing.head) : packet);
      this.hasFailed = true;
      break;
    }
    return packets;
  }

  private read(raw: RawPacket): Decoded<MqttPacket> {
    const broken = problemIn(raw);
    if (broken !== undefined) return this.passOn(raw, { problem: broken.problem }, broken.tag);
    if (raw.isOversize) return decoded({ ...publishHead(raw), oversizeBytes: raw.bytes.length + raw.skippedBytes });
    const puback = readPuback(raw);
    if (puback !== undefined) return decoded(puback);
    const parsed = LIBRARY.read(raw.bytes);
    return parsed.ok ? parsed : this.passOn(raw, { fault: `packet that the gateway cannot read: ${parsed.problem}` });
  }

  private passOn(raw: RawPacket, why: { problem: string } | { fault: string }, tag?: string): Decoded<MqttPacket> {
    const words = 'problem' in why ? why.problem : why.fault;
    if (!this.passesInvalid) return undecodable(words, tag);
    const publish = framedPublish(raw);
    if (publish !== undefined) return decoded({ ...publish, ...why });
    const answer = framedAnswer(raw);
    if (answer !== undefined) return decoded({ ...answer, problem: `${words} (received: ${bytesSample(raw.bytes)})` });
    return undecodable(words, tag);
  }
}

/**
 * Parser of the library. The parser receives only whole packets, so it keeps no state between packets, and one parser
 * serves all readers.
 */
class LibraryParser {
  #parser = this.#newParser();
  /** Result for the current packet. */
  #parsed: Decoded<MqttPacket> | undefined;

  read(bytes: Uint8Array): Decoded<MqttPacket> {
    this.#parsed = undefined;
    try {
      this.#parser.parse(bufferOver(bytes));
    } catch (error) {
      this.#parsed = undecodable(error instanceof Error ? error.message : String(error));
    }
    const parsed: Decoded<MqttPacket> = this.#parsed ?? undecodable('the library did not read it');
    // the parser keeps a CONNECT, and may have stopped within a packet that it cannot read
    if (!parsed.ok || parsed.value.kind === 'connect') this.#parser = this.#newParser();
    return parsed;
  }

  #newParser(): Parser {
    const parser = newParser();
    parser.on('packet', (packet) => {
      this.#parsed = packetOf(packet);
    });
    parser.on('error', (error: Error) => {
      this.#parsed = undecodable(error.message);
    });
    return parser;
  }
}

const LIBRARY = new LibraryParser();

function withBytes(
  { problem, tag }: Extract<Decoded<MqttPacket>, { ok: false }>,
  bytes: Uint8Array,
): Decoded<MqttPacket> {
  return undecodable(`${problem} (received: ${bytesSample(bytes)})`, tag);
}

/** Encodes a packet. Throws only on a caller's error (an empty SUBSCRIBE, a missing client id). */
export function encodeMqtt(packet: MqttPacket): Uint8Array {
  return packet.kind === 'publish' ? encodePublishes([packet]) : generate(libraryPacketOf(packet));
}

/** Reads a PUBLISH without its payload. The fields must be at their positions. */
function publishHead({ first, body }: RawPacket): Publish {
  const [fields, topicEnd] = [bufferOver(body), 2 + bufferOver(body).readUInt16BE(0)];
  const qos = ((first >> 1) & 0b11) as MqttQos;
  return {
    kind: 'publish',
    topic: fields.toString('utf8', 2, topicEnd),
    payload: new Uint8Array(0),
    qos,
    retain: (first & 0b1) !== 0,
    dup: (first & 0b1000) !== 0,
    packetId: qos === 0 ? undefined : fields.readUInt16BE(topicEnd),
  };
}

const PUBLISH = 3;

/**
 * Reads a PUBLISH whose fields are at their positions; their contents may be invalid. `undefined`: the packet cannot be
 * acknowledged.
 */
function framedPublish(raw: RawPacket): Publish | undefined {
  const { first, body } = raw;
  const qos = (first >> 1) & 0b11;
  if (first >> 4 !== PUBLISH || qos === 3 || body.length < 2) return undefined;
  const fields = bufferOver(body);
  const topicEnd = 2 + fields.readUInt16BE(0);
  if (body.length < topicEnd + (qos === 0 ? 0 : 2)) return undefined;
  if (qos !== 0 && fields.readUInt16BE(topicEnd) === 0) return undefined; // [MQTT-2.3.1-1]
  return publishHead(raw);
}

/** Kinds of answers, by the number of the packet type (table 2.1). */
const ANSWERS: ReadonlyMap<number, InvalidAnswer['kind']> = new Map([
  [4, 'puback'],
  [5, 'pubrec'],
  [7, 'pubcomp'],
  [9, 'suback'],
  [11, 'unsuback'],
  [13, 'pingresp'],
]);

type InvalidAnswer =
  | Suback
  | Pingresp
  | { readonly kind: 'puback' | 'pubrec' | 'pubcomp' | 'unsuback'; readonly packetId: number };

/**
 * Reads an answer of the hub with an invalid body, as far as the answer is legible. `undefined`: the packet is not an
 * answer, or one of its reserved flags is set, after which a receiver must close the connection [MQTT-2.2.2-2].
 */
function framedAnswer({ first, body }: RawPacket): InvalidAnswer | undefined {
  const kind = (first & 0x0f) === 0 ? ANSWERS.get(first >> 4) : undefined;
  if (kind === undefined) return undefined;
  if (kind === 'pingresp') return { kind };
  const packetId = body.length < 2 ? 0 : bufferOver(body).readUInt16BE(0);
  return kind === 'suback' ? { kind, packetId, returnCodes: [] } : { kind, packetId };
}

function packetOf(packet: Packet): Decoded<MqttPacket> {
  switch (packet.cmd) {
    case 'publish':
      return decoded({
        kind: 'publish',
        topic: packet.topic,
        payload: ownBytes(packet.payload),
        qos: packet.qos,
        retain: packet.retain,
        dup: packet.dup,
        packetId: packet.qos === 0 ? undefined : packet.messageId,
      });
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
    case 'unsuback':
      return decoded({ kind: packet.cmd, packetId: packet.messageId ?? 0 });
    case 'connect':
      return decoded(connectOf(packet));
    case 'connack':
      return decoded({
        kind: 'connack',
        sessionPresent: packet.sessionPresent,
        returnCode: packet.returnCode as ConnackCode,
      });
    case 'subscribe':
      return decoded({
        kind: 'subscribe',
        packetId: packet.messageId ?? 0,
        subscriptions: packet.subscriptions.map(({ topic, qos }) => ({ filter: topic, qos })),
      });
    case 'suback':
      return decoded({
        kind: 'suback',
        packetId: packet.messageId ?? 0,
        returnCodes: packet.granted.map((code) => code as SubackCode),
      });
    case 'unsubscribe':
      return decoded({ kind: 'unsubscribe', packetId: packet.messageId ?? 0, filters: packet.unsubscriptions });
    case 'pingreq':
    case 'pingresp':
    case 'disconnect':
      return decoded({ kind: packet.cmd });
    case 'auth':
      return undecodable('AUTH, which does not exist in MQTT 3.1.1');
  }
}

function connectOf(packet: IConnectPacket): Connect {
  const { will } = packet;
  return {
    kind: 'connect',
    clientId: packet.clientId,
    cleanSession: packet.clean ?? false,
    keepAliveS: packet.keepalive ?? 0,
    username: packet.username,
    password: packet.password === undefined ? undefined : ownBytes(packet.password),
    will:
      will === undefined
        ? undefined
        : { topic: will.topic, payload: ownBytes(will.payload), qos: will.qos ?? 0, retain: will.retain ?? false },
  };
}

function libraryPacketOf(packet: Exclude<MqttPacket, Publish>): Packet {
  switch (packet.kind) {
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
    case 'unsuback':
      // The library's types require the return codes of MQTT 5 for UNSUBACK.
      return { cmd: packet.kind, messageId: packet.packetId } as Packet;
    case 'connect':
      return libraryConnectOf(packet);
    case 'connack':
      return { cmd: 'connack', sessionPresent: packet.sessionPresent, returnCode: packet.returnCode };
    case 'subscribe':
      return {
        cmd: 'subscribe',
        messageId: packet.packetId,
        subscriptions: packet.subscriptions.map(({ filter, qos }) => ({ topic: filter, qos })),
      };
    case 'suback':
      return { cmd: 'suback', messageId: packet.packetId, granted: [...packet.returnCodes] };
    case 'unsubscribe':
      return { cmd: 'unsubscribe', messageId: packet.packetId, unsubscriptions: [...packet.filters] };
    case 'pingreq':
    case 'pingresp':
    case 'disconnect':
      return { cmd: packet.kind };
  }
}

function libraryConnectOf(packet: Connect): IConnectPacket {
  return {
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clientId: packet.clientId,
    clean: packet.cleanSession,
    keepalive: packet.keepAliveS,
    ...(packet.username === undefined ? {} : { username: packet.username }),
    ...(packet.password === undefined ? {} : { password: bufferOver(packet.password) }),
    ...(packet.will === undefined ? {} : { will: { ...packet.will, payload: bufferOver(packet.will.payload) } }),
  };
}

/** Returns a copy in its own memory, because the library returns views of the socket's buffers. */
function ownBytes(bytes: string | Uint8Array): Uint8Array {
  return typeof bytes === 'string' ? new TextEncoder().encode(bytes) : new Uint8Array(bytes);
}

function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
