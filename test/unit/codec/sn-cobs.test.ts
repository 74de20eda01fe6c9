import zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cobsBytesMax, decodeCobs, encodeCobs } from '../../../src/codec/cobs.ts';
import { crc32 } from '../../../src/codec/crc32.ts';
import { encodeFrame, FrameReader } from '../../../src/codec/mqttsn-cobs.ts';
import { bytesOf, COBS, hexOf, SN_COBS } from '../base/vectors.ts';

function decoded(encoded: Uint8Array): Uint8Array | undefined {
  const into = new Uint8Array(encoded.length).fill(0xee);
  const end = decodeCobs(encoded, into, 0);
  return end === undefined ? undefined : into.subarray(0, end);
}

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
/** Inputs with zeros, and long inputs without a zero: the two cases of COBS. */
const zeroRich = fc
  .array(
    fc.oneof(
      fc.constant([0]),
      fc.integer({ min: 250, max: 256 }).map((length) => Array(length).fill(7)),
      fc.array(fc.nat(255)),
    ),
  )
  .map((parts) => Uint8Array.from(parts.flat()));

describe('CRC-32', () => {
  it.each(COBS.crc32)('of $name is $crc', ({ text, crc }) => {
    expect(crc32(bytesOf(text)).toString(16).padStart(8, '0')).toBe(crc);
  });

  it('of any bytes is that of zlib', () => {
    fc.assert(fc.property(bytes(300), (one) => crc32(one) === zlib.crc32(one)));
  });
});

describe('COBS', () => {
  it.each(COBS.cobs)('encodes and decodes $name as in a manual calculation', ({ plain, encoded }) => {
    expect(hexOf(encodeCobs(bytesOf(plain)))).toBe(encoded);
    expect(hexOf(decoded(bytesOf(encoded)) ?? new Uint8Array([1]))).toBe(plain);
  });

  it.each(COBS.notCobs)('rejects $name', ({ encoded }) => {
    expect(decoded(bytesOf(encoded))).toBeUndefined();
  });

  it('accepts the redundant last group that some encoders write', () => {
    const plain = new Uint8Array(254).fill(9);
    expect(decoded(Uint8Array.of(255, ...plain, 1))).toEqual(plain);
  });

  it('returns any bytes unchanged, without a zero in the encoding, within its size limit', () => {
    fc.assert(
      fc.property(fc.oneof(zeroRich, bytes(600)), (plain) => {
        const encoded = encodeCobs(plain);
        expect(encoded).not.toContain(0);
        expect(encoded.length).toBeLessThanOrEqual(cobsBytesMax(plain.length));
        expect(decoded(encoded)).toEqual(plain);
      }),
    );
  });

  it('never throws on any bytes', () => {
    fc.assert(fc.property(bytes(400), (noise) => void decoded(noise)));
  });
});

describe('a frame', () => {
  it.each(SN_COBS.frames)('of $name equals the golden one, and is read back', ({ packet, frame }) => {
    expect(hexOf(encodeFrame(bytesOf(packet)))).toBe(frame);
    expect(new FrameReader(1024).push(bytesOf(frame)).map(hexOf)).toEqual([packet]);
  });

  it('with one flipped bit is never accepted as another packet', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(), (packet, at) => {
        const frame = encodeFrame(packet);
        const bit = at % (frame.length * 8);
        frame[bit >> 3] = (frame[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        // A flip in an outer delimiter can leave the frame intact; no other packet may result.
        for (const read of new FrameReader(300).push(frame)) expect(read).toEqual(packet);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the frame reader', () => {
  it('returns the same packets for any split of the bytes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 })),
        fc.integer({ min: 1, max: 50 }),
        (packets, step) => {
          const stream = Uint8Array.from(packets.flatMap((packet) => [...encodeFrame(packet)]));
          const reader = new FrameReader(60);
          const read: Uint8Array[] = [];
          for (let at = 0; at < stream.length; at += step) read.push(...reader.push(stream.subarray(at, at + step)));
          expect(read).toEqual(packets);
        },
      ),
    );
  });

  it('ignores empty frames without counting them', () => {
    const reader = new FrameReader(16);
    expect(reader.push(new Uint8Array(100))).toEqual([]);
    expect(reader).toMatchObject({ crcErrors: 0, oversizeFrames: 0 });
  });

  it('drops only the noise before a frame, not the frame', () => {
    const reader = new FrameReader(16);
    const noise = new TextEncoder().encode('ets Jun  8 2016 rst:0x1\r\n');
    expect(reader.push(Uint8Array.of(...noise, ...encodeFrame(Uint8Array.of(2, 0x18))))).toEqual([
      Uint8Array.of(2, 0x18),
    ]);
    expect(reader.crcErrors + reader.oversizeFrames).toBe(1);
  });

  it('does not join two frames whose delimiters were lost', () => {
    const joined = [...encodeFrame(Uint8Array.of(2, 0x16)), ...encodeFrame(Uint8Array.of(2, 0x17))].filter(
      (byte) => byte !== 0,
    );
    const reader = new FrameReader(64);
    expect(reader.push(Uint8Array.of(0, ...joined, 0))).toEqual([]);
    expect(reader.crcErrors).toBe(1);
  });

  it('accepts a packet of the largest size, and counts one octet more as oversize', () => {
    for (const packetBytesMax of [1, 249, 250, 251, 256, 1024]) {
      const reader = new FrameReader(packetBytesMax);
      expect(reader.push(encodeFrame(new Uint8Array(packetBytesMax).fill(5)))).toHaveLength(1);
      expect(reader.push(encodeFrame(new Uint8Array(packetBytesMax + 1).fill(5)))).toEqual([]);
      expect(reader).toMatchObject({ crcErrors: 0, oversizeFrames: 1 });
    }
  });

  it('counts an endless frame once, and reads the next frame', () => {
    const reader = new FrameReader(32);
    for (let chunk = 0; chunk < 1000; chunk += 1) reader.push(new Uint8Array(100).fill(1));
    expect(reader.push(encodeFrame(Uint8Array.of(2, 0x17)))).toEqual([Uint8Array.of(2, 0x17)]);
    expect(reader.oversizeFrames).toBe(1);
  });

  it('never throws, never holds more than its maximum, and reads a frame after any noise', () => {
    fc.assert(
      fc.property(fc.array(bytes(200), { maxLength: 20 }), (chunks) => {
        const reader = new FrameReader(40);
        for (const chunk of chunks) {
          reader.push(chunk);
          expect(reader.heldBytes).toBeLessThanOrEqual(reader.heldBytesMax);
        }
        expect(reader.push(encodeFrame(Uint8Array.of(2, 0x17))).at(-1)).toEqual(Uint8Array.of(2, 0x17));
      }),
    );
  });
});
