/** Packets that a test sends as the gateway of the C client, and short texts for the packets of the client. */
import type { Packet } from '../../src/codec/mqttsn-packets.ts';
import type { Output } from './client-under-test.ts';

export const ACCEPTED = 0;
export const CONGESTION = 1;
export const INVALID_TOPIC_ID = 2;
export const NOT_SUPPORTED = 3;

export const puback = (messageId: number, returnCode = ACCEPTED): Packet => ({
  kind: 'puback',
  topicId: 1,
  messageId,
  returnCode,
});
export const connack = (returnCode = ACCEPTED): Packet => ({ kind: 'connack', returnCode });
export const DISCONNECT: Packet = { kind: 'disconnect', durationS: undefined };

/** Returns a PUBLISH with QoS 1 for the client. */
export function downlink(
  messageId: number,
  text: string,
  more: { readonly dup?: boolean; readonly id?: number } = {},
): Packet {
  const topic = { type: 'normal', id: more.id ?? 1 } as const;
  const payload = new TextEncoder().encode(text);
  return { kind: 'publish', dup: more.dup ?? false, qos: 1, retain: false, topic, messageId, payload };
}

/** Returns `kind dup? id` of each packet, for comparison. */
export function brief({ packets }: Output): string[] {
  return packets.map((packet) => {
    const dup = 'dup' in packet && packet.dup ? ' dup' : '';
    const id = 'messageId' in packet ? ` ${packet.messageId}` : '';
    const code = 'returnCode' in packet ? ` = ${packet.returnCode}` : '';
    return packet.kind + dup + id + code;
  });
}
