/** Modbus frames, RTU and TCP, in bytes that were read as something else. */
import { crc16 } from '../../codec/crc16.ts';
import { MbapReader } from '../../codec/modbus-mbap.ts';

/**
 * Smallest number of valid frames that count as Modbus RTU. A CRC-16 matches by chance once in 65,536 trials, and there
 * are many trials.
 */
const FRAMES_MIN = 2;
const UNITS_MAX = 247;
/** Largest function code that the standard assigns is 43; exceptions have the highest bit in addition. */
const FUNCTION_MAX = 43;

export function hasRtuFrames(bytes: Uint8Array): boolean {
  return rtuFramesIn(bytes) >= FRAMES_MIN;
}

/** Requests, answers and exceptions of the common functions (Modbus Application Protocol V1.1b3 §6). */
function rtuFramesIn(bytes: Uint8Array): number {
  let frames = 0;
  let at = 0;
  while (at < bytes.length) {
    const size = rtuSizes(bytes, at).find((length) => holds(bytes.subarray(at, at + length), length));
    if (size !== undefined) frames += 1;
    at += size ?? 1;
  }
  return frames;
}

function rtuSizes(bytes: Uint8Array, at: number): number[] {
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

/** Frames in a row, because a single header can occur by chance in other bytes. */
export function hasMbapFrames(bytes: Uint8Array): boolean {
  return bytes.some((_, at) => {
    if (bytes[at + 2] !== 0 || bytes[at + 3] !== 0) return false;
    const frames = new MbapReader().push(bytes.subarray(at));
    const known = frames.filter(({ pdu: [code = 0] }) => (code & 0x7f) > 0 && (code & 0x7f) <= FUNCTION_MAX);
    return frames.length >= FRAMES_MIN && known.length === frames.length;
  });
}
