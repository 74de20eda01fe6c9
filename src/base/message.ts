/** Message: a payload with a topic. The gateway keeps custody of messages. */

/** The hub has no QoS 2; MQTT-SN QoS −1 becomes QoS 0 at the driver. */
export type Qos = 0 | 1;

export interface Message {
  readonly topic: string;
  /**
   * Bytes in memory of their own, never a view of a larger pool, because the payload may move to the store's thread.
   */
  readonly payload: Uint8Array;
  readonly qos: Qos;
  /** Published with RETAIN. Uplinks, and messages for the gateway itself; absent otherwise. */
  readonly retain?: true;
}

/** Optional part of a message: whether the message is retained. */
export type Retaining = Pick<Message, 'retain'>;

export function retaining(isRetained: boolean | undefined): Retaining {
  return isRetained ? { retain: true } : {};
}

export type Direction = 'uplink' | 'downlink';

/**
 * Number of bytes that a message counts for in every limit in bytes: topic, payload and a fixed overhead of its row.
 */
export function chargedBytes(message: { readonly topic: string; readonly payload: Uint8Array }): number {
  return message.topic.length + message.payload.length + ROW_OVERHEAD_BYTES;
}

/** Size of a row of the outbox table without topic and payload: header, stamp and CRC. Measured. */
const ROW_OVERHEAD_BYTES = 40;
