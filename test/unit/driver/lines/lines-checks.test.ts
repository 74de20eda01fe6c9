/** Links whose lines have checks as bytes: read, written, and configured wrongly. */
import { describe, expect, it } from 'vitest';
import { sampleWords } from '../../../../src/base/discard.ts';
import { appendCheck } from '../../../../src/codec/line-check.ts';
import { problemsOf } from '../../config/config-rig.ts';
import { LinesBench, type LinesKeys, linesText } from './lines-rig.ts';

const STX = '\u0002';
const ETX = '\u0003';
/** A scale that sends STX, its text, ETX and the BCC over text and ETX. */
const BCC: LinesKeys = {
  ...{ start: STX, delimiter: ETX, topic: 'w' },
  ...{ check: 'xor', check_form: 'bytes', check_range: 'separator', check_place: 'after-delimiter' },
};
const octets = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const withBcc = (text: string): string => {
  const check = { kind: 'xor', separator: octets(ETX), form: 'bytes', coversSeparator: true } as const;
  return Buffer.from(appendCheck(octets(text), check)).toString('latin1');
};

describe('a link with a BCC after ETX', () => {
  it('reads lines with the right BCC, also if the BCC is one of the marks', () => {
    const one = new LinesBench(BCC);
    const texts = ['12.5 kg', '\u0001', 'aa'];
    expect(texts.map((text) => withBcc(text).at(-1))).toEqual(['7', STX, ETX]);
    one.receive(`${texts.map((text) => `${STX}${withBcc(text)}\r\n`).join('')}`);
    expect(one.uplinks).toEqual(texts.map((text) => ['w', text]));
    expect(one.of('discarded')).toEqual([]);
  });

  it('discards a line with a wrong BCC, and reads the next one', () => {
    const one = new LinesBench(BCC);
    one.receive(`${STX}12.6 kg${ETX}7${STX}${withBcc('12.5 kg')}`);
    expect(one.uplinks).toEqual([['w', '12.5 kg']]);
    expect(one.of('discarded').map(({ reason, sample }) => `${reason}: ${sampleWords(sample)}`)).toEqual([
      'line check: "12.6 kg\\x037"',
    ]);
    expect(one.link.counters.crcErrors).toBe(1);
  });

  it('writes downlinks with the BCC after the delimiter', () => {
    const one = new LinesBench({ ...BCC, attach: 'open', downlinks: ['cmd'], downlink: `${STX}{payload}` });
    one.deliver(1, 'B0');
    expect(one.takeWritten()).toBe(`${STX}B0${ETX}q`);
    one.deliver(2, `a${ETX}`);
    expect(one.of('undelivered')).toMatchObject([{ token: 2, because: 'the text contains the line delimiter' }]);
  });

  it('reads the sum at the end of a line of a fixed length', () => {
    const keys = { start: STX, line_bytes: 5, topic: 'w', check: 'sum', check_form: 'bytes', check_separator: '' };
    const one = new LinesBench(keys);
    one.receive(`${STX}1250\u00c8${STX}1251\u00c9`);
    expect(one.uplinks).toEqual([
      ['w', '1250'],
      ['w', '1251'],
    ]);
  });

  it('reads a sum in digits over mark, text and separator', () => {
    const one = new LinesBench({ start: STX, topic: 'w', check: 'lrc', check_range: 'all' });
    const sum = [...octets(`${STX}7*`)].reduce((total, octet) => total + octet, 0) % 256;
    one.receive(`${STX}7*${(256 - sum).toString(16)}\n`);
    expect(one.uplinks).toEqual([['w', '7']]);
  });
});

const slips: readonly (readonly [LinesKeys, string, RegExp])[] = [
  [{ check_form: 'bytes' }, 'check_form', /without check/],
  [{ check_separator: '+' }, 'check_separator', /without check/],
  [{ check_range: 'all' }, 'check_range', /without check/],
  [{ check_place: 'after-delimiter' }, 'check_place', /without check/],
  [{ check: 'nmea', check_range: 'separator' }, 'check_range', /no effect with "nmea"/],
  [{ check: 'xor', check_range: 'start' }, 'check_range', /no start/],
  [{ check: 'xor', check_place: 'after-delimiter' }, 'check_place', /requires start/],
  [{ ...BCC, check_separator: '+' }, 'check_separator', /no effect/],
  [{ ...BCC, line_bytes: 8 }, 'check_place', /fixed length/],
  [{ ...BCC, skip_nul: true }, 'skip_nul', /drops bytes of the check/],
  [{ check: 'xor', check_form: 'bytes' }, 'check_form', /may look like the delimiter/],
  [{ ...BCC, check: 'crc32', bit_7: 'even' }, 'check_form', /bytes of 7 bits/],
  [{ check: 'xor', check_separator: '12345' }, 'check_separator', /is "12345"/],
];

describe('a mistake in the keys of a check', () => {
  it.each(slips)('%j is reported at %s', (keys, key, what) => {
    const problems = problemsOf(linesText(keys));
    expect(problems.map(({ path }) => path)).toContain(`link[0].lines.${key}`);
    expect(problems.find(({ path }) => path === `link[0].lines.${key}`)?.what).toMatch(what);
  });

  it('is none for a BCC on a line of 7 bits', () => {
    expect(problemsOf(linesText({ ...BCC, bit_7: 'even' }))).toEqual([]);
    expect(problemsOf(linesText(BCC, { data_bits: 7, parity: 'even' }))).toEqual([]);
  });
});
