/** Function 43/14 compared with the example of the standard, in pieces, and with random octets. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeIdentification, identificationBytes } from '../../../src/codec/modbus-identification.ts';
import { encodePdu, type ModbusRequest, readAnswer } from '../../../src/codec/modbus-pdu.ts';
import { appendCrc, encodeRequest, findAnswer } from '../../../src/codec/modbus-rtu.ts';

const REQUEST: ModbusRequest = { function: 43, unit: 1, object: 0 };
const octetsOf = (text: string): number[] => [...Buffer.from(text, 'latin1')];
const objectOf = (number: number, text: string): number[] => [number, text.length, ...octetsOf(text)];

/** Answer of the standard (app §6.21.1): one transaction with the basic objects. */
const EXAMPLE = Uint8Array.from([
  ...[0x2b, 0x0e, 0x01, 0x01, 0x00, 0x00, 0x03],
  ...objectOf(0, 'Vendor identification'),
  ...objectOf(1, 'Product code XX'),
  ...objectOf(2, 'V2.11'),
]);

function contentOf(pdu: Uint8Array): Uint8Array {
  const answer = readAnswer(REQUEST, pdu);
  if (answer?.kind !== 'done') throw new Error('not an answer');
  return answer.content;
}

describe('an identification', () => {
  it('is requested as in the standard', () => {
    expect(encodePdu(REQUEST)).toEqual([0x2b, 0x0e, 0x01, 0x00]);
    expect(encodeRequest({ ...REQUEST, object: 2 })).toEqual(appendCrc([1, 0x2b, 0x0e, 0x01, 0x02]));
  });

  it('is read as in the standard', () => {
    expect(identificationBytes(EXAMPLE)).toBe(EXAMPLE.length);
    expect(decodeIdentification(contentOf(EXAMPLE))).toEqual({
      ok: true,
      value: {
        objects: new Map([
          [0, 'Vendor identification'],
          [1, 'Product code XX'],
          [2, 'V2.11'],
        ]),
        next: undefined,
      },
    });
  });

  it('names the object with which the next request begins', () => {
    const part = Uint8Array.from([0x2b, 0x0e, 1, 1, 0xff, 2, 1, ...objectOf(0, 'Vendor')]);
    expect(decodeIdentification(contentOf(part))).toMatchObject({ ok: true, value: { next: 2 } });
  });

  it('has the end that its objects say, in any pieces and with bytes behind it', () => {
    const frame = appendCrc([1, ...EXAMPLE]);
    for (let length = 0; length < frame.length; length += 1)
      expect(findAnswer(REQUEST, frame.subarray(0, length))).toBeUndefined();
    const expected = { kind: 'done', content: EXAMPLE.subarray(3) };
    expect(findAnswer(REQUEST, frame)).toEqual(expected);
    expect(findAnswer(REQUEST, Uint8Array.from([...frame, 0x55, 0xaa]))).toEqual(expected);
  });

  it('that the unit does not know is an exception', () => {
    expect(findAnswer(REQUEST, appendCrc([1, 0xab, 1]))).toEqual({ kind: 'exception', code: 1 });
  });

  it('contains no control characters, and ends at its padding', () => {
    const part = Uint8Array.from([0x2b, 0x0e, 1, 1, 0, 0, 1, ...objectOf(0, 'A\x1b[2J\xe9 \0\0')]);
    expect(decodeIdentification(contentOf(part))).toMatchObject({
      value: { objects: new Map([[0, 'A\ufffd[2J\ufffd']]) },
    });
  });

  it('of random octets is a value, never an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 260 }), (octets) => {
        const frame = appendCrc([1, 0x2b, 0x0e, 0x01, ...octets]);
        const answer = findAnswer(REQUEST, frame);
        if (answer?.kind === 'done') decodeIdentification(answer.content);
        decodeIdentification(octets);
        identificationBytes(octets);
      }),
    );
  });
});
