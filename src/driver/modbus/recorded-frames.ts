/**
 * Modbus frames within recorded bytes.
 *
 * RTU: on the line only silence ends a frame, and chunks of a recording do not show silence. So a frame is the shortest
 * sequence with a valid CRC. One in 65,536 random four-byte sequences has a valid CRC. TCP: a frame contains its length.
 * After an invalid header the next chunk may begin with a frame.
 */

import { type Frame, type FrameSource, unread } from '../../base/recorded-frame.ts';
import { crc16 } from '../../codec/crc16.ts';
import { MbapReader } from '../../codec/modbus-mbap.ts';
import { FRAME_BYTES_MAX } from '../../codec/modbus-rtu.ts';

/** Size of the shortest frame: address, function, CRC. */
const FRAME_BYTES_MIN = 4;
/** Bit that is set in the function code of an exception (Modbus application protocol §7). */
const EXCEPTION = 0x80;

export class RtuSource implements FrameSource {
  #rest: Uint8Array = new Uint8Array(0);

  read(bytes: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    let rest = Buffer.concat([this.#rest, bytes]);
    for (;;) {
      const length = lengthOfFirst(rest);
      if (length !== undefined) {
        frames.push(frameOf(rest.subarray(0, length)));
        rest = rest.subarray(length);
      } else if (rest.length >= FRAME_BYTES_MAX) {
        frames.push({ bytes: rest.subarray(0, 1), packet: undefined, problem: 'no frame starts here' });
        rest = rest.subarray(1);
      } else break;
    }
    this.#rest = rest;
    return frames;
  }
}

function lengthOfFirst(bytes: Uint8Array): number | undefined {
  const longest = Math.min(bytes.length, FRAME_BYTES_MAX);
  for (let length = FRAME_BYTES_MIN; length <= longest; length += 1)
    if (crc16(bytes.subarray(0, length)) === 0) return length;
  return undefined;
}

function frameOf(frame: Uint8Array): Frame {
  const [address = 0] = frame;
  return { bytes: frame, packet: packetOf(address, frame.subarray(1, -2)), problem: undefined };
}

function packetOf(address: number, [code = 0, ...body]: Uint8Array) {
  return (code & EXCEPTION) === 0
    ? { kind: 'modbus', address, functionCode: code, body: Uint8Array.from(body) }
    : { kind: 'modbus exception', address, functionCode: code & ~EXCEPTION, exception: body[0] ?? 0 };
}

export class MbapSource implements FrameSource {
  readonly #reader = new MbapReader();

  read(bytes: Uint8Array): Frame[] {
    const frames = this.#reader.push(bytes).map(
      ({ transaction, unit, pdu, bytes: frame }): Frame => ({
        bytes: frame,
        packet: Object.assign(packetOf(unit, pdu), { transaction }),
        problem: undefined,
      }),
    );
    const { problem } = this.#reader;
    if (problem === undefined) return frames;
    this.#reader.reset();
    return [...frames, unread(bytes, problem)];
  }
}
