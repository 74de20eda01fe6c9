/**
 * MQTT 3.1.1 on the wire: bytes in, packets out, and back.
 *
 * Stands between a byte channel and whoever speaks MQTT on it: the hub client on one end, the bench hub on the other.
 * The only file that knows mqtt-packet, which is lenient: what it would let pass is refused before it sees a byte
 * (`mqtt-framing.ts` bounds the length, `mqtt-rules.ts` does the rest). Never throws on bytes from outside, never holds
 * more than one packet of `packetBytesMax`, and a payload that leaves here owns its memory.
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
import type { Restorable } from '../base/snapshot.ts';
import type { ConnackCode, Connect, MqttPacket, MqttQos, Publish, SubackCode } from './mqtt.ts';
import { MqttFraming, type MqttFramingLimits, type MqttFramingSnapshot, type RawPacket } from './mqtt-framing.ts';
import { problemIn } from './mqtt-rules.ts';

/** What a client must be able to take from a hub whose messages end at 16 KB, with room for other hubs. */
export const PACKET_BYTES_MAX = 64 * 1024;

// The library would keep a Buffer for each of the 65536 packet identifiers: some 10 MB to save nothing measurable.
writeToStream.cacheNumbers = false;

export interface MqttReaderLimits extends MqttFramingLimits {
  /**
   * A well-framed PUBLISH with an invalid topic or flag is passed on with its `problem`, and one on which the library fails
   * with its `fault`. Without this each ends the stream, as every other breach of the protocol.
   */
  readonly passesInvalidPublish?: boolean;
}

export interface MqttReaderSnapshot {
  readonly framing: MqttFramingSnapshot;
  readonly isDead: boolean;
}

/** One per connection. After the first problem it is dead: the connection must be closed [MQTT-4.8.0-1]. */
export class MqttReader implements Restorable<MqttReaderSnapshot> {
  readonly #framing: MqttFraming;
  #parser: Parser;
  readonly #passesInvalidPublish: boolean;
  #isDead = false;
  /** What the library made of the packet it was just given. */
  #parsed: Decoded<MqttPacket> | undefined;

  constructor(limits: MqttReaderLimits) {
    this.#framing = new MqttFraming(limits);
    this.#passesInvalidPublish = limits.passesInvalidPublish === true;
    this.#parser = this.#newParser();
  }

  /** A problem was found; nothing is read any more. */
  get isDead(): boolean {
    return this.#isDead;
  }

  /** Bytes held of a packet that is not complete yet. */
  get heldBytes(): number {
    return this.#framing.heldBytes;
  }

  /**
   * Every packet that these bytes complete, in order; a problem is the last entry, and the last ever.
   * @param bytes may be a view of a pool: what is kept is copied
   */
  push(bytes: Uint8Array): Decoded<MqttPacket>[] {
    const packets: Decoded<MqttPacket>[] = [];
    if (this.#isDead) return packets;
    for (const raw of this.#framing.push(bytes)) {
      const packet = raw.ok ? this.#read(raw.value) : raw;
      packets.push(packet);
      if (!packet.ok) {
        this.#isDead = true;
        break;
      }
    }
    return packets;
  }

  /** The library is given whole packets only, and has nothing between them. */
  snapshot(): MqttReaderSnapshot {
    return { framing: this.#framing.snapshot(), isDead: this.#isDead };
  }

  restore({ framing, isDead }: MqttReaderSnapshot): void {
    this.#framing.restore(framing);
    this.#isDead = isDead;
  }

  #read(raw: RawPacket): Decoded<MqttPacket> {
    const broken = problemIn(raw);
    if (broken !== undefined) return this.#passOn(raw, { problem: broken.problem }, broken.tag);
    if (raw.isOversize) return decoded({ ...publishHead(raw), oversizeBytes: raw.bytes.length + raw.skippedBytes });
    this.#parsed = undefined;
    try {
      this.#parser.parse(bufferOver(raw.bytes));
    } catch (error) {
      this.#parsed = undecodable(error instanceof Error ? error.message : String(error));
    }
    const parsed: Decoded<MqttPacket> = this.#parsed ?? undecodable('the library did not read it');
    if (parsed.ok) return parsed;
    this.#parser = this.#newParser(); // the old one may have stopped within the packet
    return this.#passOn(raw, { fault: `packet that the gateway cannot read: ${parsed.problem}` });
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

  #passOn(raw: RawPacket, why: { problem: string } | { fault: string }, tag?: string): Decoded<MqttPacket> {
    const publish = this.#passesInvalidPublish ? framedPublish(raw) : undefined;
    if (publish !== undefined) return decoded({ ...publish, ...why });
    return undecodable('problem' in why ? why.problem : why.fault, tag);
  }
}

/** The packet on the wire. Throws only on what no caller of ours may ask for (an empty SUBSCRIBE, a client id missing). */
export function encodeMqtt(packet: MqttPacket): Uint8Array {
  return generate(libraryPacketOf(packet));
}

/** A PUBLISH without its payload; its fields must be where they belong. */
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

/** A PUBLISH whose fields are where they belong, whatever is in them; `undefined`: the packet cannot be acknowledged. */
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
      return undecodable('AUTH, which MQTT 3.1.1 does not have');
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

function libraryPacketOf(packet: MqttPacket): Packet {
  switch (packet.kind) {
    case 'publish':
      return {
        cmd: 'publish',
        topic: packet.topic,
        payload: bufferOver(packet.payload),
        qos: packet.qos,
        retain: packet.retain,
        dup: packet.dup,
        ...(packet.packetId === undefined ? {} : { messageId: packet.packetId }),
      };
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
    case 'unsuback':
      // The library's types ask UNSUBACK for the return codes that came with MQTT 5.
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

/** A copy in memory of its own: the library hands out views of what the socket delivered. */
function ownBytes(bytes: string | Uint8Array): Uint8Array {
  return typeof bytes === 'string' ? new TextEncoder().encode(bytes) : new Uint8Array(bytes);
}

function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
