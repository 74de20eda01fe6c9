/** The packets of MQTT 3.1.1 that the counting hub reads and writes, without checks: their sender is tested elsewhere. */

export const TYPE = {
  connect: 1,
  publish: 3,
  puback: 4,
  subscribe: 8,
  unsubscribe: 10,
  pingreq: 12,
  disconnect: 14,
} as const;

export const PINGRESP = Buffer.from([0xd0, 0]);
const LONGEST_LENGTH_BYTES = 4;

/** Place of a packet within the bytes of a connection. */
export interface Packet {
  readonly type: number;
  readonly flags: number;
  /** First octet after the fixed header. */
  readonly at: number;
  readonly end: number;
}

/** @returns `undefined`: the packet is not complete */
export function packetAt(bytes: Buffer, start: number): Packet | undefined {
  let length = 0;
  for (let index = 0; index < LONGEST_LENGTH_BYTES; index += 1) {
    const byte = bytes[start + 1 + index];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) << (7 * index);
    if (byte >= 0x80) continue;
    const at = start + 2 + index;
    const head = bytes[start] ?? 0;
    return at + length > bytes.length ? undefined : { type: head >> 4, flags: head & 0xf, at, end: at + length };
  }
  throw new Error('a remaining length of more than four octets');
}

export function connack(sessionPresent: boolean): Buffer {
  return Buffer.from([0x20, 2, sessionPresent ? 1 : 0, 0]);
}

export function suback(bytes: Buffer, { at, end }: Packet): Buffer {
  let filters = 0;
  for (let place = at + 2; place < end; place += 3 + bytes.readUInt16BE(place)) filters += 1;
  return Buffer.from([0x90, 2 + filters, bytes[at] ?? 0, bytes[at + 1] ?? 0, ...new Uint8Array(filters).fill(1)]);
}

export function unsuback(bytes: Buffer, { at }: Packet): Buffer {
  return Buffer.from([0xb0, 2, bytes[at] ?? 0, bytes[at + 1] ?? 0]);
}

export function pubacks(ids: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(ids.length * 4);
  for (const [index, id] of ids.entries()) {
    bytes.writeUInt16BE(0x4002, index * 4);
    bytes.writeUInt16BE(id, index * 4 + 2);
  }
  return bytes;
}

/** QoS 1 PUBLISH, shorter than 16,384 octets. */
export function publish(topic: string, id: number, payload: Uint8Array): Buffer {
  const name = Buffer.from(topic);
  const length = 4 + name.length + payload.length;
  const head = length < 0x80 ? [0x32, length] : [0x32, (length & 0x7f) | 0x80, length >> 7];
  return Buffer.concat([Buffer.from([...head, 0, name.length]), name, Buffer.from([id >> 8, id & 0xff]), payload]);
}
