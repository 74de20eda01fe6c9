/** Modbus RTU frames compared with the examples of the standard, and with random bytes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc16 } from '../../../src/codec/crc16.ts';
import { echoOf, type ModbusRequest } from '../../../src/codec/modbus-pdu.ts';
import { answerBytes, appendCrc, encodeRequest, findAnswer } from '../../../src/codec/modbus-rtu.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const unhex = (text: string): number[] => [...Buffer.from(text.replaceAll(' ', ''), 'hex')];

/** Requests and responses of Modbus Application Protocol V1.1b3, §6.1 to §6.17, without unit and CRC. */
const EXAMPLES: readonly (readonly [ModbusRequest, string, string, string])[] = [
  [{ function: 1, unit: 1, address: 0x13, count: 0x13 }, '01 0013 0013', '01 03 cd6b05', 'cd6b05'],
  [{ function: 2, unit: 1, address: 0xc4, count: 0x16 }, '02 00c4 0016', '02 03 acdb35', 'acdb35'],
  [{ function: 3, unit: 1, address: 0x6b, count: 3 }, '03 006b 0003', '03 06 022b 0000 0064', '022b00000064'],
  [{ function: 4, unit: 1, address: 8, count: 1 }, '04 0008 0001', '04 02 000a', '000a'],
  [{ function: 5, unit: 1, address: 0xac, on: true }, '05 00ac ff00', '05 00ac ff00', 'ff00'],
  [{ function: 6, unit: 1, address: 1, value: 3 }, '06 0001 0003', '06 0001 0003', '0003'],
  [
    // CD 01: the bits 1100 1101 0000 0001, lowest bit first.
    { function: 15, unit: 1, address: 0x13, bits: [...'1011001110'].map((bit) => bit === '1') },
    '0f 0013 000a 02 cd01',
    '0f 0013 000a',
    '000a',
  ],
  [{ function: 16, unit: 1, address: 1, words: [0x0a, 0x0102] }, '10 0001 0002 04 000a 0102', '10 0001 0002', '0002'],
  [{ function: 22, unit: 1, address: 4, and: 0xf2, or: 0x25 }, '16 0004 00f2 0025', '16 0004 00f2 0025', '00f20025'],
  [
    { function: 23, unit: 1, address: 3, count: 6, writeAddress: 14, words: [0xff, 0xff, 0xff] },
    '17 0003 0006 000e 0003 06 00ff 00ff 00ff',
    '17 0c 00fe 0acd 0001 0003 000d 00ff',
    '00fe0acd00010003000d00ff',
  ],
];

const anyRequest: fc.Arbitrary<ModbusRequest> = fc.constantFrom(...EXAMPLES.map(([request]) => request));
const noise = fc.uint8Array({ maxLength: 300 });

describe('CRC-16/MODBUS', () => {
  it.each([
    ['313233343536373839', 0x4b37], // Check value in the catalogue of CRC algorithms (reveng).
    ['0207', 0x1241], // Modbus over Serial Line V1.02, §6.2.2: sent as 41 12.
    ['', 0xffff],
  ])('of %s is %i', (text, crc) => {
    expect(crc16(Uint8Array.from(unhex(text)))).toBe(crc);
  });
});

describe('a Modbus frame', () => {
  it.each(EXAMPLES)('is encoded as in the standard: %j', (request, asked) => {
    expect(hex(encodeRequest(request))).toBe(hex(appendCrc([1, ...unhex(asked)])));
  });

  it.each(EXAMPLES)('is answered as in the standard: %j', (request, _, answered, content) => {
    const frame = appendCrc([1, ...unhex(answered)]);
    expect(answerBytes(request)).toBe(frame.length);
    expect(findAnswer(request, frame)).toEqual({ kind: 'done', content: Uint8Array.from(unhex(content)) });
    expect(findAnswer(request, frame.subarray(0, -1))).toBeUndefined();
  });

  it.each(EXAMPLES)('can be answered by an exception: %j', (request) => {
    const frame = appendCrc([1, request.function | 0x80, 2]);
    expect(findAnswer(request, frame)).toEqual({ kind: 'exception', code: 2 });
  });

  it('is found after one or two stray bytes of a line turnaround, not after more', () => {
    const [request, , answered] = EXAMPLES[3] ?? [];
    if (request === undefined) throw new Error('no example');
    const frame = [...appendCrc([1, ...unhex(answered ?? '')])];
    for (const glitch of [[0xff], [0x00, 0xff], [1], [1, 4]]) {
      expect(findAnswer(request, Uint8Array.from([...glitch, ...frame]))).toMatchObject({ kind: 'done' });
    }
    expect(findAnswer(request, Uint8Array.from([0, 0, 0, ...frame]))).toBeUndefined();
  });

  it('is rejected if it is from another unit, function or address, or of another length', () => {
    const read: ModbusRequest = { function: 3, unit: 1, address: 7, count: 2 };
    for (const other of ['02 03 04 00010002', '01 04 04 00010002', '01 03 02 0001', '01 03 06 000100020003']) {
      expect(findAnswer(read, appendCrc(unhex(other)))).toBeUndefined();
    }
    const write: ModbusRequest = { function: 6, unit: 1, address: 7, value: 2 };
    expect(findAnswer(write, appendCrc(unhex('01 06 0008 0002')))).toBeUndefined();
  });

  it('of a write response contains the value that the unit has accepted', () => {
    const write: ModbusRequest = { function: 6, unit: 1, address: 7, value: 95 };
    expect(findAnswer(write, appendCrc(unhex('01 06 0007 0050')))).toEqual({
      kind: 'done',
      content: Uint8Array.of(0, 80),
    });
    expect(echoOf(write)).toEqual(Uint8Array.of(0, 95));
  });

  it('is rejected after a change of any single bit', () => {
    fc.assert(
      fc.property(fc.constantFrom(...EXAMPLES), fc.nat(), ([request, , answered], at) => {
        const frame = appendCrc([1, ...unhex(answered)]);
        const bit = at % (frame.length * 8);
        frame[bit >> 3] = (frame[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(findAnswer(request, frame)).toBeUndefined();
      }),
    );
  });

  it('is never found inside the content of another response', () => {
    const wanted: ModbusRequest = { function: 3, unit: 1, address: 0, count: 1 };
    const inner = appendCrc(unhex('01 03 02 beef'));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ maxLength: 20 }), (before, after) => {
        const content = [...before, ...inner, ...after];
        const outer = appendCrc([2, 3, content.length, ...content]);
        expect(findAnswer(wanted, outer)).toBeUndefined();
      }),
    );
  });

  it('is not found in noise, and noise never causes a throw', () => {
    fc.assert(
      fc.property(anyRequest, noise, (request, bytes) => {
        const found = findAnswer(request, bytes);
        // Random bytes have a valid 16-bit CRC now and then, and almost never a valid head as well.
        expect(found).toBeUndefined();
      }),
    );
  });
});
