/** Checks of lines as digits and as octets: values of the standards, ranges, and lines whose check follows the delimiter. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendCheck, checkBytes, type LineCheck, removeCheck, withoutCheck } from '../../../src/codec/line-check.ts';
import { MarkedLineReader } from '../../../src/codec/marked-lines.ts';

const octets = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const textOf = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString('latin1');
const SOH = '\u0001';
const STX = '\u0002';
const ETX = '\u0003';

type Written = Exclude<LineCheck, { kind: 'none' }>;
const check = (kind: Written['kind'], more: Partial<Written> = {}): LineCheck => ({
  kind,
  separator: octets('*'),
  ...more,
});
/** BCC of IEC 62056-21. */
const bcc = check('xor', { separator: octets(ETX), form: 'bytes', coversSeparator: true });

describe('the check of a line', () => {
  it.each([
    ['xor', '123456789', '31'],
    ['sum', '123456789', 'DD'],
    ['lrc', '\u0001\u0003\u0000\u0000\u0000\u0001', 'FB'], // Modbus over serial line, ASCII mode
    ['crc16-modbus', '123456789', '4B37'],
    ['crc32', '123456789', 'CBF43926'],
  ] as const)('%s is the value of its standard', (kind, text, digits) => {
    expect(textOf(appendCheck(octets(text), check(kind)))).toBe(`${text}*${digits}`);
    expect(textOf(removeCheck(octets(`${text}*${digits.toLowerCase()}`), check(kind)))).toBe(text);
  });

  it('is one octet after ETX, over text and ETX, as the break message of IEC 62056-21 has it', () => {
    expect(textOf(appendCheck(octets('B0'), bcc))).toBe(`B0${ETX}q`);
    expect(textOf(removeCheck(octets(`B0${ETX}q`), bcc))).toBe('B0');
    expect(removeCheck(octets(`B0${ETX}r`), bcc)).toBeUndefined();
    expect(removeCheck(octets('B0!q'), bcc)).toBeUndefined();
  });

  it('has its octets in either order', () => {
    const text = octets('123456789');
    expect(textOf(appendCheck(text, check('crc16-modbus', { form: 'bytes' })))).toBe('123456789*\u004b\u0037');
    expect(textOf(appendCheck(text, check('crc16-modbus', { form: 'bytes-low-first' })))).toBe(
      '123456789*\u0037\u004b',
    );
  });

  it('covers the mark of a received line, which is not part of it, and that of a written line, which is', () => {
    const marked = check('sum', { start: octets(STX), coversStart: true });
    expect(textOf(appendCheck(octets(`${STX}a`), marked))).toBe(`${STX}a*63`);
    expect(textOf(removeCheck(octets('a*63'), marked))).toBe('a');
    expect(textOf(appendCheck(octets(`${STX}a`), check('sum', { start: octets(STX) })))).toBe(`${STX}a*61`);
    expect(textOf(appendCheck(octets('a'), marked))).toBe('a*61');
  });

  it('may follow the text without a separator', () => {
    const bare = check('sum', { separator: octets(''), form: 'bytes' });
    expect(textOf(removeCheck(octets('12\u0063'), bare))).toBe('12');
    expect(textOf(withoutCheck(octets('12?'), bare))).toBe('12');
    expect(removeCheck(octets(''), bare)).toBeUndefined();
  });

  it('is found again in each form, and one changed bit of the text is detected', () => {
    const kinds = fc.constantFrom('xor', 'sum', 'lrc', 'crc16-modbus', 'crc32', 'nmea', 'dsmr');
    const forms = fc.constantFrom('hex', 'bytes', 'bytes-low-first');
    fc.assert(
      fc.property(
        kinds,
        forms,
        fc.boolean(),
        fc.uint8Array({ minLength: 1 }),
        fc.nat(),
        (kind, form, covers, text, at) => {
          const own = check(kind, { form, coversSeparator: covers || kind === 'dsmr' });
          const line = appendCheck(text, own);
          expect(line).toHaveLength(text.length + 1 + checkBytes(own));
          expect(textOf(removeCheck(line, own))).toBe(textOf(text));
          const changed = Uint8Array.from(line);
          const place = at % text.length;
          changed[place] = (changed[place] ?? 0) ^ (1 << (at % 8));
          if (kind !== 'nmea') expect(removeCheck(changed, own)).toBeUndefined();
        },
      ),
    );
  });
});

describe('a line whose check follows the delimiter', () => {
  const read = (bytes: Uint8Array, pieces: readonly number[], tailBytes = 1): string[] => {
    const found: string[] = [];
    const events = {
      overlong: (begun: Uint8Array) => void found.push(`overlong ${textOf(begun)}`),
      cut: (begun: Uint8Array) => void found.push(`cut ${textOf(begun)}`),
      outside: (begun: Uint8Array) => void found.push(`outside ${textOf(begun)}`),
    };
    const limits = { start: octets(STX), delimiter: octets(ETX), fixedBytes: undefined, lineBytesMax: 8 };
    const reader = new MarkedLineReader({ ...limits, encoding: 'bytes', tailBytes }, events);
    let at = 0;
    for (const length of [...pieces, bytes.length]) {
      for (const line of reader.push(bytes.subarray(at, at + length))) found.push(textOf(line) ?? '');
      at += length;
    }
    return found;
  };

  it('is read with both, for any octets of the check', () => {
    for (const octet of [STX, ETX, '\r', '\n', '\u0000', '\u00ff'])
      expect(read(octets(`${STX}12.5${ETX}${octet}\r\n${STX}7${ETX}x`), [])).toEqual([
        `12.5${ETX}${octet}`,
        `7${ETX}x`,
      ]);
  });

  it('may have several octets, and is found in any pieces', () => {
    const bytes = octets(`${STX}1${ETX}${STX}${ETX}${STX}12345678${ETX}${ETX}${ETX}`);
    fc.assert(
      fc.property(fc.array(fc.nat(6)), (pieces) => {
        expect(read(bytes, pieces, 2)).toEqual([`1${ETX}${STX}${ETX}`, `12345678${ETX}${ETX}${ETX}`]);
      }),
    );
  });

  it('may have the largest length, and no more; an empty line is ignored', () => {
    expect(read(octets(`${STX}123456789${ETX}x${STX}${ETX}y${STX}12345678${ETX}z`), [])).toEqual([
      `overlong 123456789${ETX}x`,
      `12345678${ETX}z`,
    ]);
  });

  it('is cut by another mark before its delimiter', () => {
    expect(read(octets(`${STX}12${STX}3${ETX}x`), [])).toEqual(['cut 12', `3${ETX}x`]);
  });

  it('is verified as a whole', () => {
    const [line = ''] = read(octets(`${SOH}${STX}B0${ETX}q`), []);
    expect(textOf(removeCheck(octets(line), bcc))).toBe('B0');
  });
});
