/** Message: a payload with a topic. The gateway keeps custody of messages. */

/** The hub has no QoS 2; MQTT-SN QoS −1 becomes QoS 0 at the driver. */
export type Qos = 0 | 1;

export interface Message {
  readonly topic: string;
  /** Memory of its own, never a view of a larger pool, because the payload may move to the store's thread. */
  readonly payload: Uint8Array;
  readonly qos: Qos;
  /** The subdevice published the message with RETAIN. Uplinks only; absent otherwise. */
  readonly retain?: true;
}

/** The optional part of a message that says whether it is retained. */
export type Retaining = Pick<Message, 'retain'>;

export function retaining(isRetained: boolean | undefined): Retaining {
  return isRetained ? { retain: true } : {};
}

export type Direction = 'uplink' | 'downlink';

/** Bytes that every byte bound charges for a message: topic, payload and a fixed row overhead. */
export function chargedBytes(message: { readonly topic: string; readonly payload: Uint8Array }): number {
  return message.topic.length + message.payload.length + ROW_OVERHEAD_BYTES;
}

/** Measured: a row of the outbox table with its header, stamp and CRC, without topic and payload. */
const ROW_OVERHEAD_BYTES = 40;
