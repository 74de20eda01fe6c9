/**
 * Frames of all message ids of a link, encoded once and laid end to end: sending a window of messages is one write of one
 * slice. All frames of a ring have the same length. A message carries its id as its number, so a counter of arrivals can
 * detect loss, duplicates and wrong order.
 */
import { encodeFrame } from '../../../src/codec/mqttsn-cobs.ts';
import { encodePacket } from '../../../src/codec/mqttsn-encode.ts';
import { IDS } from './link-memory.ts';

export interface FrameRing {
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  readonly frameBytes: number;
}

export const PAYLOAD_BYTES = 64;
/** Fits in the largest `packet_bytes_max`, 4096. */
const LARGE_PAYLOAD_BYTES = 4000;
const NUMBER_BYTES = 8;
const FILLER = 0x78;
/** Predefined topic id of `TOPIC` on each link. */
export const TOPIC_ID = 1;
export const TOPIC = 't';

/** Payload of `PAYLOAD_BYTES` octets that begins with the number as 8 octets. */
export function payloadOf(id: number): Uint8Array {
  const payload = new Uint8Array(PAYLOAD_BYTES).fill(FILLER);
  new DataView(payload.buffer).setBigUint64(0, BigInt(id));
  return payload;
}

/** @returns number of a payload of the load, and 0 for any other payload */
export function numberIn(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < NUMBER_BYTES) return 0;
  const at = start + NUMBER_BYTES;
  const high = (bytes[at - 4] ?? 0) + (bytes[at - 3] ?? 0);
  return high > 0 ? 0 : (bytes[at - 2] ?? 0) * 0x100 + (bytes[at - 1] ?? 0);
}

const LINE_START = '{"n":';

/** Number of a line of `jsonLineRing`. */
export function numberInLine(bytes: Buffer, start: number): number {
  const at = start + LINE_START.length;
  return Number.parseInt(bytes.toString('latin1', at, at + 6), 10);
}

function ringOf(frameOf: (id: number) => Uint8Array): FrameRing {
  const frameBytes = frameOf(IDS).length;
  const bytes = new Uint8Array(new SharedArrayBuffer(IDS * frameBytes));
  for (let id = 1; id <= IDS; id += 1) {
    const frame = frameOf(id);
    if (frame.length !== frameBytes) throw new Error(`frame ${id} has ${frame.length} bytes, not ${frameBytes}`);
    bytes.set(frame, (id - 1) * frameBytes);
  }
  return { bytes, frameBytes };
}

let mqttsn: FrameRing | undefined;

/** QoS 1 PUBLISH to the predefined topic, as sn-cobs frames. One ring serves all links: no frame names its subdevice. */
export function mqttsnRing(): FrameRing {
  mqttsn ??= ringOf((id) => publishFrame(id, payloadOf(id)));
  return mqttsn;
}

/** The same with payloads of 4000 octets. The filler is 0, so that COBS adds the same number of octets to each frame. */
export function largeRing(): FrameRing {
  return ringOf((id) => {
    const payload = new Uint8Array(LARGE_PAYLOAD_BYTES);
    new DataView(payload.buffer).setBigUint64(0, BigInt(id));
    return publishFrame(id, payload);
  });
}

function publishFrame(messageId: number, payload: Uint8Array): Uint8Array {
  const topic = { type: 'predefined', id: TOPIC_ID } as const;
  return encodeFrame(encodePacket({ kind: 'publish', dup: false, qos: 1, retain: false, topic, messageId, payload }));
}

/** Lines of JSON with the number in field `n`, as long as the payloads of the other rings. */
export function jsonLineRing(): FrameRing {
  return ringOf((id) => {
    const start = `${LINE_START}${id},"v":"`;
    return Buffer.from(`${start.padEnd(PAYLOAD_BYTES - 2, 'x')}"}\n`);
  });
}

/** Lines of the bare yardstick: the number in decimal digits, then filler. */
export function textLineRing(): FrameRing {
  return ringOf((id) => Buffer.from(`${`${id};`.padEnd(PAYLOAD_BYTES, 'x')}\n`));
}

/** QoS 1 PUBLISH of MQTT 3.1.1 to `topic`, shorter than 60 octets. */
export function mqttRing(topic: string): FrameRing {
  const name = Buffer.from(topic);
  const length = 2 + name.length + 2 + PAYLOAD_BYTES;
  return ringOf((id) =>
    Buffer.concat([
      Buffer.from([0x32, (length & 0x7f) | (length > 0x7f ? 0x80 : 0), ...(length > 0x7f ? [length >> 7] : [])]),
      Buffer.from([0, name.length]),
      name,
      Buffer.from([id >> 8, id & 0xff]),
      payloadOf(id),
    ]),
  );
}
