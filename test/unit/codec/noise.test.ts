/** Tests that damaged bytes are distinguished from valid bytes of another protocol or speed. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/base/random.ts';
import { encodeFrame } from '../../../src/codec/mqttsn-cobs.ts';
import { encodePacket } from '../../../src/codec/mqttsn-encode.ts';
import { isNoise, isStretched } from '../../../src/codec/noise.ts';
import { recognise } from '../../../src/driver/recognise.ts';

const octets = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const LINES = octets('12.5 kg\r\n{"kind":"climate","t":21.5}\r\n$GPGLL,4916.45,N,12311.12,W,225444,A*31\r\n'.repeat(3));
const FRAME = encodeFrame(encodePacket({ kind: 'pingreq', clientId: 'pump-7' }));
const FRAMES = Uint8Array.from([...FRAME, ...FRAME, ...FRAME, ...FRAME]);

/** Bytes read by a receiver that samples `times` as fast as the sender sends: 8N1, each bit read in its middle. */
function readAt(bytes: Uint8Array, times: number): Uint8Array {
  const levels = [...bytes].flatMap((octet) => [0, ...Array.from({ length: 8 }, (_, bit) => (octet >> bit) & 1), 1]);
  const level = (bits: number): number => levels[Math.floor(bits / times)] ?? 1;
  const end = levels.length * times;
  const read: number[] = [];
  let at = 0;
  while (at < end) {
    while (at < end && level(at) === 1) at += 1 / 8;
    if (at >= end) break;
    read.push([0, 1, 2, 3, 4, 5, 6, 7].reduce((octet, bit) => octet | (level(at + 1.5 + bit) << bit), 0));
    at += 9.5;
    while (at < end && level(at) === 0) at += 1 / 8; // A framing error ends with the next stop bit.
  }
  return Uint8Array.from(read);
}

describe('a line', () => {
  it.each([
    ['\x00\xf8\x80\xfe', true],
    ['12.5\xff\x00\x80', true],
    ['caf\xe9', false],
    ['\xcf\xf0\xe8\xe2\xe5\xf2', false], // Windows-1251
    ['\x82\xb1\x82\xf1', false], // Shift JIS
    ['\x0212.5\x03', false],
    ['\x1b[1m12.5\x1b[0m', false],
    ['12.5 kg', false],
    ['', false],
  ])('%j is noise: %s', (line, is) => {
    expect(isNoise(octets(line))).toBe(is);
  });
});

describe('bytes that are read faster than they are sent', () => {
  it.each([2, 2.5, 3, 4, 6, 8, 12, 24])(
    'are recognised as such at %d times the speed, for text and for frames',
    (times) => {
      expect([isStretched(readAt(LINES, times)), recognise(readAt(LINES, times))]).toEqual([true, 'other speed']);
      expect(isStretched(readAt(FRAMES, times))).toBe(true);
    },
  );

  it('are not recognised in bytes read at the correct speed, in a short sample, or in random bytes', () => {
    expect(readAt(LINES, 1)).toEqual(LINES);
    expect([isStretched(LINES), isStretched(FRAMES), isStretched(readAt(LINES, 4).subarray(0, 23))]).toEqual(
      Array(3).fill(false),
    );
    const random = seededRandom(7);
    const noises = Array.from({ length: 500 }, () => Uint8Array.from({ length: 24 }, () => Math.floor(random() * 256)));
    expect(noises.filter(isStretched)).toEqual([]);
  });
});
