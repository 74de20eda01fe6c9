/** Messages of a read-out by IEC 62056-21: identifications of real meters, and the messages of the gateway. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  acknowledgement,
  BLOCK_CHECK,
  charactersMs,
  isReadoutRequest,
  parseIdentification,
  READOUT_SPEEDS,
  readoutRequest,
  withoutEndMark,
} from '../../../src/codec/iec62056.ts';
import { appendCheck, removeCheck } from '../../../src/codec/line-check.ts';

const octets = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const textOf = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString('latin1');

describe('an identification', () => {
  it.each([
    ['/ISk5MT174-0001', 'C', 9600],
    ['/LGZ4\\2ZMD120APt.G03', 'C', 4800],
    ['/AUX5\\2SX330RIFOMN', 'C', 9600],
    ['/ESY6Q3DA1004 V3.04', 'C', 19_200],
    ['/LUGE0', 'B', 9600],
    ['/ABCA', 'B', 600],
    ['/ABCF', 'B', 19_200],
    ['/ABCG', 'A', undefined],
    ['/ABC7', 'A', undefined],
    ['/ABC@X', 'A', undefined],
    ['/ABC0', 'C', 300],
  ] as const)('%s is mode %s with %s baud at most', (text, mode, speed) => {
    expect(parseIdentification(octets(text))).toEqual({ text, mode, speed });
  });

  it('is found after noise, and not in other lines', () => {
    expect(parseIdentification(octets('\u007f\u0000/ISk5MT'))?.text).toBe('/ISk5MT');
    for (const line of ['/?!', '/?12345!', '/IS5', '/I5k5', '/ISk', '/ISk5\u0001', '', '1.8.0(1)'])
      expect(parseIdentification(octets(line)), line).toBeUndefined();
  });

  it('is any bytes or none, without an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (line) => {
        expect(() => parseIdentification(line)).not.toThrow();
      }),
    );
  });
});

describe('a message of the gateway', () => {
  it('is a request with or without an address, which is recognised when it comes back', () => {
    expect([textOf(readoutRequest('')), textOf(readoutRequest('12345678'))]).toEqual(['/?!\r\n', '/?12345678!\r\n']);
    expect([isReadoutRequest(octets('/?12345678!')), isReadoutRequest(octets('/ISk5MT'))]).toEqual([true, false]);
  });

  it('acknowledges each speed with its character', () => {
    expect(READOUT_SPEEDS.map((speed) => textOf(acknowledgement(speed)))).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((letter) => `\u00060${letter}0\r\n`),
    );
  });

  it('takes its time on the line', () => {
    expect([charactersMs(6, 300), charactersMs(1, 9600), charactersMs(0, 300)]).toEqual([200, 2, 0]);
  });
});

describe('a data block', () => {
  it('has a BCC from after STX to ETX', () => {
    expect(textOf(appendCheck(octets('1.8.0(1)\r\n!\r\n'), BLOCK_CHECK))).toBe('1.8.0(1)\r\n!\r\n\u0003+');
    expect(textOf(removeCheck(octets('1.8.0(1)\r\n!\r\n\u0003,'), BLOCK_CHECK))).toBeUndefined();
  });

  it('ends with ! and CRLF, which are no data', () => {
    const texts = ['1.8.0(1)\r\n!\r\n', '1.8.0(1)\r\n!', '1.8.0(!)\r\n', ''];
    expect(texts.map((text) => textOf(withoutEndMark(octets(text))))).toEqual([
      '1.8.0(1)\r\n',
      '1.8.0(1)\r\n',
      '1.8.0(!)\r\n',
      '',
    ]);
  });
});
