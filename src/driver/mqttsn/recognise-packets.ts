/** MQTT-SN packets, framed or bare, in bytes that were read as something else. */
import { FrameReader } from '../../codec/mqttsn-cobs.ts';
import { decodePacket } from '../../codec/mqttsn-decode.ts';
import { RawReader } from '../../codec/mqttsn-raw.ts';

const PACKET_BYTES_MAX = 1024;
/** Smallest number of bare packets that must decode, because bare packets have no checksum. */
const RAW_PACKETS_MIN = 2;
/**
 * Largest average length of a packet, octets. A packet head that noise forms by chance is the head of a long packet.
 */
const RAW_PACKET_BYTES_MAX = 40;
const RAW_SHARE_MIN = 0.8;

export function hasFramedPackets(bytes: Uint8Array): boolean {
  return new FrameReader(PACKET_BYTES_MAX).push(bytes).some((packet) => decodePacket(packet).ok);
}

export function hasBarePackets(bytes: Uint8Array): boolean {
  const packets = new RawReader(PACKET_BYTES_MAX).push(bytes, 0);
  const total = packets.reduce((sum, packet) => sum + packet.length, 0);
  const isPlausible = packets.length >= RAW_PACKETS_MIN && total <= packets.length * RAW_PACKET_BYTES_MAX;
  return isPlausible && total / bytes.length >= RAW_SHARE_MIN;
}
