/**
 * The packets of MQTT-SN 1.2 as values: all 28 message types. `mqttsn-decode.ts` reads them from bytes,
 * `mqttsn-encode.ts` writes them.
 *
 * Source: "MQTT For Sensor Networks (MQTT-SN) Protocol Specification", version 1.2, 2013, §5.
 */

import { encodeText } from './mqttsn-text.ts';

/** QoS. −1: a publication without a connection (MQTT-SN 1.2 §6.8). */
export type SnQos = -1 | 0 | 1 | 2;

/** Topic of a PUBLISH: two octets, interpreted by the topic id type (MQTT-SN 1.2 §5.3.4, §6.7). */
export type TopicReference =
  | { readonly type: 'normal'; readonly id: number }
  | { readonly type: 'predefined'; readonly id: number }
  /** Exactly two octets of UTF-8. */
  | { readonly type: 'short'; readonly name: string };

/** Topic of a SUBSCRIBE or UNSUBSCRIBE. */
export type FilterReference =
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'predefined'; readonly id: number }
  | { readonly type: 'short'; readonly name: string };

export interface MqttsnWill {
  readonly qos: SnQos;
  readonly retain: boolean;
  readonly topic: string;
}

/** Return codes (MQTT-SN 1.2 §5.3.10). The values 4 to 255 are reserved, but can be received. */
export const RETURN_CODE = { accepted: 0, congestion: 1, invalidTopicId: 2, notSupported: 3 } as const;

/** Largest topic id. 0x0000 and 0xFFFF are reserved (MQTT-SN 1.2 §5.3.11). */
export const TOPIC_ID_MAX = 0xfffe;

export const MESSAGE_ID_MAX = 0xffff;

/** Packet of any type. Seconds and identifiers have 16 bits. Byte strings from the decoder own their memory. */
export type Packet =
  | { readonly kind: 'advertise'; readonly gatewayId: number; readonly durationS: number }
  | { readonly kind: 'searchgw'; readonly radius: number }
  | { readonly kind: 'gwinfo'; readonly gatewayId: number; readonly gatewayAddress: Uint8Array }
  | ConnectPacket
  | { readonly kind: 'connack'; readonly returnCode: number }
  | { readonly kind: 'willtopicreq' }
  /** `undefined`: the client deletes its will. */
  | { readonly kind: 'willtopic'; readonly will: MqttsnWill | undefined }
  | { readonly kind: 'willmsgreq' }
  | { readonly kind: 'willmsg'; readonly payload: Uint8Array }
  | RegisterPacket
  | AcknowledgePacket<'regack'>
  | PublishPacket
  | AcknowledgePacket<'puback'>
  | { readonly kind: 'pubcomp' | 'pubrec' | 'pubrel'; readonly messageId: number }
  | SubscribePacket
  | SubackPacket
  | UnsubscribePacket
  | { readonly kind: 'unsuback'; readonly messageId: number }
  /**
   * A PINGREQ with an empty client id is a keep alive. With a client id, it means that a sleeping client has woken
   * (MQTT-SN 1.2 §6.14).
   */
  | { readonly kind: 'pingreq'; readonly clientId: string }
  | { readonly kind: 'pingresp' }
  /** A DISCONNECT with a duration means that the client goes to sleep (MQTT-SN 1.2 §6.14). */
  | { readonly kind: 'disconnect'; readonly durationS: number | undefined }
  | { readonly kind: 'willtopicupd'; readonly will: MqttsnWill | undefined }
  | { readonly kind: 'willtopicresp'; readonly returnCode: number }
  | { readonly kind: 'willmsgupd'; readonly payload: Uint8Array }
  | { readonly kind: 'willmsgresp'; readonly returnCode: number }
  /** Packet of one node behind a forwarder, not decoded (MQTT-SN 1.2 §5.5). */
  | { readonly kind: 'encapsulated'; readonly radius: number; readonly node: Uint8Array; readonly packet: Uint8Array };

export interface ConnectPacket {
  readonly kind: 'connect';
  readonly will: boolean;
  readonly clean: boolean;
  /** Keep alive in seconds; 0: none. */
  readonly durationS: number;
  readonly clientId: string;
}

export interface RegisterPacket {
  readonly kind: 'register';
  /** Topic id. 0 if a client requests an id. */
  readonly topicId: number;
  readonly messageId: number;
  readonly topic: string;
}

/** Common type of REGACK and PUBACK. If the topic is a short name, `topicId` contains the two octets of the name. */
export interface AcknowledgePacket<Kind extends 'regack' | 'puback'> {
  readonly kind: Kind;
  readonly topicId: number;
  readonly messageId: number;
  readonly returnCode: number;
}

export interface PublishPacket {
  readonly kind: 'publish';
  readonly dup: boolean;
  readonly qos: SnQos;
  readonly retain: boolean;
  readonly topic: TopicReference;
  /** Message id. 0 unless the QoS is 1 or 2. */
  readonly messageId: number;
  readonly payload: Uint8Array;
}

export interface SubscribePacket {
  readonly kind: 'subscribe';
  readonly dup: boolean;
  readonly qos: SnQos;
  readonly messageId: number;
  readonly filter: FilterReference;
}

export interface SubackPacket {
  readonly kind: 'suback';
  /** Granted QoS. */
  readonly qos: SnQos;
  /** Topic id. 0 for a filter with wildcards. */
  readonly topicId: number;
  readonly messageId: number;
  readonly returnCode: number;
}

export interface UnsubscribePacket {
  readonly kind: 'unsubscribe';
  readonly messageId: number;
  readonly filter: FilterReference;
}

/** MsgType octet (MQTT-SN 1.2 §5.2.2, table 3). */
export const MESSAGE_TYPE: Readonly<Record<Packet['kind'], number>> = {
  advertise: 0x00,
  searchgw: 0x01,
  gwinfo: 0x02,
  connect: 0x04,
  connack: 0x05,
  willtopicreq: 0x06,
  willtopic: 0x07,
  willmsgreq: 0x08,
  willmsg: 0x09,
  register: 0x0a,
  regack: 0x0b,
  publish: 0x0c,
  puback: 0x0d,
  pubcomp: 0x0e,
  pubrec: 0x0f,
  pubrel: 0x10,
  subscribe: 0x12,
  suback: 0x13,
  unsubscribe: 0x14,
  unsuback: 0x15,
  pingreq: 0x16,
  pingresp: 0x17,
  disconnect: 0x18,
  willtopicupd: 0x1a,
  willtopicresp: 0x1b,
  willmsgupd: 0x1c,
  willmsgresp: 0x1d,
  encapsulated: 0xfe,
};

const KIND_OF_TYPE: ReadonlyMap<number, Packet['kind']> = new Map(
  (Object.entries(MESSAGE_TYPE) as [Packet['kind'], number][]).map(([kind, type]) => [type, kind]),
);

/** `undefined`: the type is reserved. */
export function kindOfType(type: number): Packet['kind'] | undefined {
  return KIND_OF_TYPE.get(type);
}

const UNBOUNDED = 0xffff;

/** Minimum and maximum number of octets after MsgType (MQTT-SN 1.2 §5.4). */
export const BODY_BYTES: Readonly<Record<Packet['kind'], readonly [number, number]>> = {
  advertise: [3, 3],
  searchgw: [1, 1],
  gwinfo: [1, UNBOUNDED],
  connect: [4, UNBOUNDED],
  connack: [1, 1],
  willtopicreq: [0, 0],
  willtopic: [0, UNBOUNDED],
  willmsgreq: [0, 0],
  willmsg: [0, UNBOUNDED],
  register: [5, UNBOUNDED],
  regack: [5, 5],
  publish: [5, UNBOUNDED],
  puback: [5, 5],
  pubcomp: [2, 2],
  pubrec: [2, 2],
  pubrel: [2, 2],
  subscribe: [4, UNBOUNDED],
  suback: [6, 6],
  unsubscribe: [4, UNBOUNDED],
  unsuback: [2, 2],
  pingreq: [0, UNBOUNDED],
  pingresp: [0, 0],
  disconnect: [0, 2],
  willtopicupd: [0, UNBOUNDED],
  willtopicresp: [1, 1],
  willmsgupd: [0, UNBOUNDED],
  willmsgresp: [1, 1],
  encapsulated: [1, UNBOUNDED],
};

/** Bits of the Flags octet (MQTT-SN 1.2 §5.3.4). */
export const FLAG = { dup: 0x80, retain: 0x10, will: 0x08, clean: 0x04 } as const;
export const QOS_SHIFT = 5;
export const TOPIC_TYPE = { nameOrNormal: 0b00, predefined: 0b01, short: 0b10 } as const;

/** Octets of a short topic name (MQTT-SN 1.2 §6.7). */
export const SHORT_NAME_BYTES = 2;

/** Only valid value of CONNECT's ProtocolId (MQTT-SN 1.2 §5.3.8). */
export const PROTOCOL_ID = 0x01;

/** Value of the TopicId field for `topic` in PUBLISH and in its PUBACK. */
export function topicIdField(topic: TopicReference): number {
  if (topic.type !== 'short') return topic.id;
  const [high = 0, low = 0] = encodeText(topic.name);
  return high * 0x100 + low;
}

/** True if `topic` can be sent as a short name. */
export function isShortName(topic: string): boolean {
  return topic.length <= SHORT_NAME_BYTES && new TextEncoder().encode(topic).length === SHORT_NAME_BYTES;
}
