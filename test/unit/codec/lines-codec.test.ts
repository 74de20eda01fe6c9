/** Tests of the line reader and of the line checks: golden sentences, and any other bytes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendCheck, type LineCheck, removeCheck } from '../../../src/codec/line-check.ts';
import { decodeText, encodeText, type LineEncoding, LineReader } from '../../../src/codec/lines.ts';

const octets = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const texts = (lines: readonly Uint8Array[]): string[] => lines.map((line) => Buffer.from(line).toString('latin1'));
const reader = (
  delimiter = '\n',
  lineBytesMax = 16,
  encoding: LineEncoding = 'utf-8',
  onOversize: (begun: Uint8Array) => void = () => undefined,
): LineReader => new LineReader({ delimiter: octets(delimiter), lineBytesMax, encoding }, onOversize);
const check = (kind: 'nmea' | 'crc16-modbus' | 'crc32'): LineCheck => ({ kind, separator: octets('*') });

describe('the line reader', () => {
  it.each([
    ['\n', 'a\nbb\n\nccc', ['a', 'bb']],
    ['\r\n', 'a\rb\r\nc\n\r\n', ['a\rb', 'c\n']],
    [';', 'a;b;', ['a', 'b']],
    ['aab', 'xaaab-yaab', ['xa', '-y']],
  ])('ends a line at %j', (delimiter, text, lines) => {
    expect(texts(reader(delimiter).push(octets(text)))).toEqual(lines);
  });

  it('takes one carriage return before a line feed as part of the delimiter, in text only', () => {
    const text = 'a\r\nb\n\r\nc\r\r\nd\re\n';
    expect(texts(reader().push(octets(text)))).toEqual(['a', 'b', 'c\r', 'd\re']);
    expect(texts(reader('\n', 16, 'bytes').push(octets(text)))).toEqual(['a\r', 'b', '\r', 'c\r\r', 'd\re']);
    expect(texts(reader(';').push(octets('a\r;')))).toEqual(['a\r']);
  });

  it('does not count a carriage return in the length of a line', () => {
    const oversize: string[] = [];
    const limits = { delimiter: octets('\n'), lineBytesMax: 4, encoding: 'latin1' } as const;
    const lines = new LineReader(limits, (begun) => oversize.push(...texts([begun])));
    expect(texts(lines.push(octets('1234\r\n1234\n12345\n12345\r\n')))).toEqual(['1234', '1234']);
    expect(oversize).toEqual(['12345', '12345']);
  });

  it('counts the bytes after the last delimiter', () => {
    const lines = reader('\n', 4);
    lines.push(octets('ab\n123456789'));
    expect(lines.unendedBytes).toBe(9);
    lines.push(octets('\nx'));
    expect([lines.unendedBytes, ...texts([lines.begun])]).toEqual([1, 'x']);
  });

  it('accepts a line of the largest size, drops a longer one up to the next delimiter, and counts it once', () => {
    const oversize: string[] = [];
    const lines = reader('\r\n', 4, 'utf-8', (begun) => oversize.push(...texts([begun])));
    expect(texts(lines.push(octets('1234\r\n12345\r\n123456789012345678\r\nab\r\n123456789')))).toEqual(['1234', 'ab']);
    expect(oversize).toEqual(['12345', '12345']);
  });

  it('drops half a line of an earlier connection, and can drop the first line of a new one', () => {
    const lines = reader();
    lines.push(octets('temp 1'));
    lines.reset(false);
    expect(texts(lines.push(octets('23.5\n')))).toEqual(['23.5']);
    lines.reset(true);
    expect(texts(lines.push(octets('23.5\ntemp 1\n')))).toEqual(['temp 1']);
  });

  it('reads the same lines for any split of the bytes, and holds at most one line', () => {
    const noise = fc.array(fc.constantFrom(0x61, 0x0d, 0x0a, 0x3b, 0xff), { maxLength: 200 });
    const delimiter = fc.constantFrom('\n', '\r\n', ';;', 'aa\n');
    fc.assert(
      fc.property(noise, delimiter, fc.array(fc.nat(20)), (bytes, ending, cuts) => {
        const oversize = { whole: 0, split: 0 };
        const whole = reader(ending, 8, 'utf-8', () => (oversize.whole += 1));
        const split = reader(ending, 8, 'utf-8', () => (oversize.split += 1));
        const expected = whole.push(Uint8Array.from(bytes));
        const lines: Uint8Array[] = [];
        let at = 0;
        for (const cut of [...cuts, bytes.length]) {
          lines.push(...split.push(Uint8Array.from(bytes.slice(at, at + cut))));
          at += cut;
        }
        expect(texts(lines)).toEqual(texts(expected));
        expect(oversize.split).toBe(oversize.whole);
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(8);
      }),
    );
  });
});

describe('a line check', () => {
  // The NMEA sentences are the usual examples of the standard. The others are the check values of the CRC catalogue.
  it.each([
    ['nmea', '$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47'],
    ['nmea', '$GPGLL,4916.45,N,12311.12,W,225444,A*31'],
    ['nmea', '!AIVDM,1,1,,A,14eG;o@034o8sd<L9i:a;WF>062D,0*7D'],
    ['crc16-modbus', '123456789*4B37'],
    ['crc32', '123456789*CBF43926'],
    ['crc32', '123456789*cbf43926'],
  ] as const)('%s of %s has the reference value', (kind, line) => {
    const body = removeCheck(octets(line), check(kind));
    expect(Buffer.from(body ?? []).toString()).toBe(line.slice(0, line.lastIndexOf('*')));
  });

  it('is appended where the reader expects it, and detects a change of any single octet', () => {
    const line = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(line, fc.constantFrom('nmea', 'crc16-modbus', 'crc32'), fc.nat(), (body, kind, place) => {
        const whole = Uint8Array.from(appendCheck(body, check(kind)));
        expect(removeCheck(whole, check(kind))).toEqual(body);
        const isMarked = kind === 'nmea' && (body[0] === 0x24 || body[0] === 0x21);
        const at = (isMarked ? 1 : 0) + (place % (whole.length - (isMarked ? 1 : 0)));
        whole[at] = (whole[at] ?? 0) ^ 0x01;
        if (!(at === 0 && kind === 'nmea')) expect(removeCheck(whole, check(kind))).toBeUndefined();
      }),
    );
  });

  it.each(['', '*', 'abc', 'abc*', 'abc*4', '123456789+CBF43926', 'CBF43926'])(
    'is reported as missing on %j',
    (line) => {
      expect(removeCheck(octets(line), check('crc32'))).toBeUndefined();
    },
  );
});

describe('the text of a line', () => {
  it('is decoded as UTF-8 only if it is valid, and the line after an invalid one is decoded again', () => {
    expect(decodeText(octets('\xc3\x28'), 'utf-8')).toBeUndefined();
    expect(decodeText(octets('\xe2\x82'), 'utf-8')).toBeUndefined();
    expect(decodeText(octets('\xe2\x82\xac'), 'utf-8')).toBe('€');
    expect(decodeText(octets('\xe2'), 'latin1')).toBe('â');
  });

  it('is not written if the encoding lacks one of its characters', () => {
    expect(encodeText('€', 'latin1')).toBeUndefined();
    expect(encodeText('\ud800', 'utf-8')).toBeUndefined();
  });

  it('is read back octet by octet as it was written', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(encodeText(decodeText(bytes, 'bytes') ?? '', 'bytes')).toEqual(bytes);
        const text = decodeText(bytes, 'utf-8');
        if (text !== undefined) expect(encodeText(text, 'utf-8')).toEqual(bytes);
      }),
    );
  });
});
