/** Frames of Modbus TCP compared with the example of the implementation guide, and with any bytes. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeMbap, MbapReader } from '../../../src/codec/modbus-mbap.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Frame with this protocol id and length, whose content is as long as the length says. */
function frameWith(protocol: number, length: number): Uint8Array {
  const header = Buffer.alloc(6);
  header.writeUInt16BE(protocol, 2);
  header.writeUInt16BE(length, 4);
  return Buffer.concat([header, Buffer.alloc(length, 1)]);
}

it('is encoded as in the guide', () => {
  // Guide §4.4.1: read of register 5 with transaction id 0x1501 from unit 0xFF.
  expect(hex(encodeMbap(0x1501, 0xff, [3, 0, 4, 0, 1]))).toBe('150100000006ff0300040001');
});

it('is read in pieces of any size, in the order of arrival', () => {
  const anyFrame = fc.record({
    transaction: fc.nat(0xffff),
    unit: fc.nat(0xff),
    pdu: fc.uint8Array({ minLength: 1, maxLength: 253 }),
  });
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 5 }), fc.array(fc.nat(300)), (frames, cuts) => {
      const bytes = Buffer.concat(frames.map(({ transaction, unit, pdu }) => encodeMbap(transaction, unit, [...pdu])));
      const reader = new MbapReader();
      const read = [...cuts, bytes.length].flatMap((cut, index, all) => {
        const from = all.slice(0, index).reduce((sum, piece) => sum + piece, 0);
        return reader.push(bytes.subarray(from, index === cuts.length ? undefined : from + cut));
      });
      expect(read.map(({ transaction, unit, pdu }) => ({ transaction, unit, pdu: [...pdu] }))).toEqual(
        frames.map((frame) => ({ ...frame, pdu: [...frame.pdu] })),
      );
      expect(reader.problem).toBeUndefined();
    }),
  );
});

it.each([
  [0, 2, undefined],
  [0, 254, undefined],
  [0, 1, 'length 1 instead of 2 to 254'],
  [0, 0, 'length 0 instead of 2 to 254'],
  [0, 255, 'length 255 instead of 2 to 254'],
  [1, 6, 'protocol id 1 instead of 0'],
  [0x0103, 6, 'protocol id 259 instead of 0'],
])('with protocol id %i and length %i has the problem %s', (protocol, length, problem) => {
  const reader = new MbapReader();
  expect(reader.push(frameWith(protocol, length))).toHaveLength(problem === undefined ? 1 : 0);
  expect(reader.problem).toBe(problem);
});

it('is not read after an invalid header, until the stream begins again', () => {
  const reader = new MbapReader();
  const [good, bad] = [frameWith(0, 2), frameWith(1, 2)];
  expect(reader.push(Buffer.concat([good, bad, good]))).toHaveLength(1);
  expect(reader.push(good)).toEqual([]);
  reader.reset();
  expect(reader.push(good)).toHaveLength(1);
});

it('is never the reason for an exception, with any bytes', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 600 })), (pieces) => {
      const reader = new MbapReader();
      for (const piece of pieces) reader.push(piece);
    }),
  );
});
