/** Golden vectors of `hw/vectors`, shared with the C client: hexadecimal in the files, bytes here. */
import cobsVectors from '../../../hw/vectors/cobs.json' with { type: 'json' };
import mqttsnVectors from '../../../hw/vectors/mqttsn.json' with { type: 'json' };
import snCobsVectors from '../../../hw/vectors/sn-cobs.json' with { type: 'json' };
import type { Packet } from '../../../src/codec/mqttsn-packets.ts';

export const COBS = cobsVectors;
export const SN_COBS = snCobsVectors;
export const MALFORMED = mqttsnVectors.malformed;

const BYTE_STRINGS = new Set(['payload', 'node', 'gatewayAddress']);

export function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** [name, packet, bytes] */
export const PACKETS: readonly (readonly [string, Packet, Uint8Array])[] = mqttsnVectors.packets.map((vector) => [
  vector.name,
  packetOf(vector.packet),
  bytesOf(vector.bytes),
]);

function packetOf(written: object): Packet {
  const entries = Object.entries(written).map(([key, value]) => {
    if (value === null) return [key, undefined];
    const isBytes = typeof value === 'string' && (BYTE_STRINGS.has(key) || key === 'packet');
    return [key, isBytes ? bytesOf(value) : value];
  });
  return Object.fromEntries(entries) as Packet;
}
