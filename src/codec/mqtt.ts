/**
 * Control packets of MQTT 3.1.1 as values. Type declarations only; `mqtt-wire.ts` converts between bytes and these
 * types.
 *
 * Used by the hub client on one end and by the bench hub on the other.
 *
 * Source: MQTT 3.1.1, OASIS Standard, 29 October 2014, §3.
 */

/** QoS 2 exists on the wire but is not supported here. */
export type MqttQos = 0 | 1 | 2;

export interface MqttWill {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: MqttQos;
  readonly retain: boolean;
}

export interface Connect {
  readonly kind: 'connect';
  /** Client id. Empty only with a clean session [MQTT-3.1.3-7]. */
  readonly clientId: string;
  readonly cleanSession: boolean;
  /** Keep alive in seconds, 0…65535. 0: no keep alive. */
  readonly keepAliveS: number;
  readonly username: string | undefined;
  /** Present only with a username [MQTT-3.1.2-22]. */
  readonly password: Uint8Array | undefined;
  readonly will: MqttWill | undefined;
}

/** Return codes of a CONNACK (table 3.1). The reader rejects the reserved codes. */
export type ConnackCode = 0 | 1 | 2 | 3 | 4 | 5;

export interface Connack {
  readonly kind: 'connack';
  readonly sessionPresent: boolean;
  readonly returnCode: ConnackCode;
}

export interface Publish {
  readonly kind: 'publish';
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: MqttQos;
  readonly retain: boolean;
  readonly dup: boolean;
  /** 1…65535 with QoS 1 and 2, `undefined` with QoS 0. */
  readonly packetId: number | undefined;
  /** Size of the packet in bytes, if the packet was larger than the reader accepts. `payload` is then empty. */
  readonly oversizeBytes?: number;
  /** Violation of the standard, if the reader passes such messages on. `topic` is the legible part of the topic. */
  readonly problem?: string;
  /**
   * Reason why the reader failed on a valid message. `topic` is the legible part of the topic, and `payload` is empty.
   */
  readonly fault?: string;
}

export interface Subscription {
  readonly filter: string;
  readonly qos: MqttQos;
}

/** Return code of one filter: the granted QoS, or 0x80 for a failure. */
export type SubackCode = MqttQos | 0x80;

/**
 * Packets that contain only a packet identifier, 1…65535. `pubrec`, `pubrel` and `pubcomp` are read only to be
 * rejected.
 */
export interface Acknowledgement extends Answer {
  readonly kind: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp' | 'unsuback';
  readonly packetId: number;
}

interface Answer {
  /**
   * Violation of the standard, if the reader passes such answers on. The other fields then have the values that are
   * legible; `packetId` is 0 if the packet has none.
   */
  readonly problem?: string;
}

export interface Pingresp extends Answer {
  readonly kind: 'pingresp';
}

export interface Subscribe {
  readonly kind: 'subscribe';
  readonly packetId: number;
  /** At least one. */
  readonly subscriptions: readonly Subscription[];
}

export interface Suback extends Answer {
  readonly kind: 'suback';
  readonly packetId: number;
  /** Return codes: one for each filter of the SUBSCRIBE, in the same order; at least one. */
  readonly returnCodes: readonly SubackCode[];
}

export interface Unsubscribe {
  readonly kind: 'unsubscribe';
  readonly packetId: number;
  /** At least one. */
  readonly filters: readonly string[];
}

export type MqttPacket =
  | Connect
  | Connack
  | Publish
  | Acknowledgement
  | Subscribe
  | Suback
  | Unsubscribe
  | { readonly kind: 'pingreq' }
  | Pingresp
  | { readonly kind: 'disconnect' };
