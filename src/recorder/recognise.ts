/**
 * Guess of the protocol of unreadable bytes: another protocol than the configured one, or unknown. Tries to decode the
 * bytes. Texts must present the result as a guess.
 */
import { crc16 } from '../codec/crc16.ts';
import { FrameReader } from '../codec/mqttsn-cobs.ts';
import { decodePacket } from '../codec/mqttsn-decode.ts';
import { RawReader } from '../codec/mqttsn-raw.ts';
import { isStretched } from '../codec/noise.ts';

/** `other speed`: possibly a protocol that is sent more slowly than it is read. */
export type Protocol = 'sn-cobs' | 'sn-raw' | 'modbus' | 'lines' | 'other speed';

const PACKET_BYTES_MAX = 1024;
/** A CRC-16 matches by chance once in 65,536 trials, and there are many trials. */
const MODBUS_FRAMES_MIN = 2;
/** Raw packets have no checksum, so most of the bytes must decode. */
const RAW_PACKETS_MIN = 2;
/** Largest average length: heads that noise makes by chance are those of long packets. */
const RAW_PACKET_BYTES_MAX = 40;
const RAW_SHARE_MIN = 0.8;
const TEXT_SHARE_MIN = 0.95;
const LINE_ENDS: readonly number[] = [0x0a, 0x0d];
const UNITS_MAX = 247;

export function recognise(bytes: Uint8Array): Protocol | undefined {
  if (bytes.length === 0) return undefined;
  const framed = new FrameReader(PACKET_BYTES_MAX).push(bytes);
  if (framed.some((packet) => decodePacket(packet).ok)) return 'sn-cobs';
  if (modbusFramesIn(bytes) >= MODBUS_FRAMES_MIN) return 'modbus';
  if (isText(bytes)) return 'lines';
  if (rawShareOf(bytes) >= RAW_SHARE_MIN) return 'sn-raw';
  return isStretched(bytes) ? 'other speed' : undefined;
}

function rawShareOf(bytes: Uint8Array): number {
  const packets = new RawReader(PACKET_BYTES_MAX).push(bytes, 0);
  const total = packets.reduce((sum, packet) => sum + packet.length, 0);
  const isPlausible = packets.length >= RAW_PACKETS_MIN && total <= packets.length * RAW_PACKET_BYTES_MAX;
  return isPlausible ? total / bytes.length : 0;
}

function isText(bytes: Uint8Array): boolean {
  const readable = bytes.filter(
    (octet) => (octet >= 0x20 && octet < 0x7f) || octet === 0x09 || LINE_ENDS.includes(octet),
  );
  return readable.length >= bytes.length * TEXT_SHARE_MIN && bytes.some((octet) => LINE_ENDS.includes(octet));
}

/** Counts requests, answers and exceptions of the common functions (app §6). */
function modbusFramesIn(bytes: Uint8Array): number {
  let frames = 0;
  let at = 0;
  while (at < bytes.length) {
    const size = modbusSizes(bytes, at).find((length) => holds(bytes.subarray(at, at + length), length));
    if (size !== undefined) frames += 1;
    at += size ?? 1;
  }
  return frames;
}

function modbusSizes(bytes: Uint8Array, at: number): number[] {
  const [unit = 0, code = 0, count = 0] = bytes.subarray(at, at + 3);
  if (unit > UNITS_MAX) return [];
  if (code > 0x80 && code <= 0x90) return [5];
  if (code >= 1 && code <= 4) return [8, 5 + count];
  if (code === 5 || code === 6) return [8];
  return code === 15 || code === 16 ? [8, 9 + (bytes[at + 6] ?? 0)] : [];
}

function holds(frame: Uint8Array, length: number): boolean {
  if (frame.length < length) return false;
  const [low = 0, high = 0] = frame.subarray(-2);
  return crc16(frame.subarray(0, -2)) === low + high * 0x100;
}
