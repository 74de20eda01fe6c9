/** Telegrams of several lines, and lines that begin with a mark: found in any pieces, and found again after damage. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendCheck, removeCheck } from '../../../src/codec/line-check.ts';
import type { LineSplitter } from '../../../src/codec/lines.ts';
import { MarkedLineReader } from '../../../src/codec/marked-lines.ts';
import { TelegramReader } from '../../../src/codec/telegrams.ts';

const octets = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** Lines and events of a reader, in order. */
class Findings {
  readonly all: string[] = [];
  overlong(begun: Uint8Array): void {
    this.all.push(`overlong ${textOf(begun)}`);
  }
  cut(begun: Uint8Array): void {
    this.all.push(`cut ${textOf(begun)}`);
  }
  outside(begun: Uint8Array): void {
    this.all.push(`outside ${textOf(begun)}`);
  }
}

function found(
  text: string,
  build: (findings: Findings) => LineSplitter,
  { pieces = [text.length], isMessage = () => true, isJoining = false }: Options = {},
): string[] {
  const findings = new Findings();
  const reader = build(findings);
  reader.reset(isJoining);
  let at = 0;
  for (const length of [...pieces, text.length]) {
    for (const line of reader.push(octets(text.slice(at, at + length)))) {
      findings.all.push(textOf(line));
      reader.judged(isMessage(textOf(line)));
    }
    at += length;
  }
  return findings.all;
}

interface Options {
  readonly pieces?: readonly number[];
  readonly isMessage?: (line: string) => boolean;
  readonly isJoining?: boolean;
}

const telegrams =
  (lineBytesMax = 40, delimiter = '\n') =>
  (findings: Findings): LineSplitter =>
    new TelegramReader(
      { delimiter: octets(delimiter), lineBytesMax, encoding: 'utf-8' },
      { begins: (line) => line.startsWith('/'), ends: (line) => line.startsWith('!') },
      findings,
    );

const marked =
  (fixedBytes: number | undefined = undefined, lineBytesMax = 8) =>
  (findings: Findings): LineSplitter =>
    new MarkedLineReader(
      { start: octets('\x02'), fixedBytes, delimiter: octets('\x03'), lineBytesMax, encoding: 'utf-8' },
      findings,
    );

describe('a telegram', () => {
  it.each([
    ['with empty lines and carriage returns', '/A\r\n\r\nx\r\n!1\r\n/B\r\n!2\r\n', ['/A\r\n\r\nx\r\n!1', '/B\r\n!2']],
    [
      'of one octet less than the limit and of the limit',
      `/${'a'.repeat(36)}\n!\n/${'a'.repeat(37)}\n!\n`,
      [`/${'a'.repeat(36)}\n!`, `/${'a'.repeat(37)}\n!`],
    ],
    [
      'above the limit is reported once',
      `/${'a'.repeat(38)}\n!\nb\n/B\n!\n`,
      [`overlong /${'a'.repeat(38)}\n`, '/B\n!'],
    ],
    ['with a line above the limit', `/A\n${'b'.repeat(50)}\n!\n/B\n!\n`, ['overlong /A\n', '/B\n!']],
    ['whose end was lost', '/A\nx\n/B\n!\n', ['cut /A\nx\n', '/B\n!']],
    ['after other lines', 'boot\n\n/B\n!\nx\n', ['outside boot', '/B\n!', 'outside x']],
  ])('%s', (_, text, expected) => {
    expect(found(text, telegrams())).toEqual(expected);
  });

  it('is not expected to be complete at the beginning, if the configuration says so', () => {
    expect(found('x\n!\n/B\n!\ny\n', telegrams(), { isJoining: true })).toEqual(['/B\n!', 'outside y']);
  });
});

describe('a line with a mark', () => {
  it.each([
    ['is found between others', '\x02ab\x03\x02c\x03', ['ab', 'c']],
    ['may be followed by a check, CR and LF', '\x02ab\x03C\r\n\x02c\x03', ['ab', 'c']],
    ['may not be preceded by more', 'hello\x02ab\x03', ['outside hello', 'ab']],
    ['begins again at the next mark', '\x02ab\x02c\x03', ['cut ab', 'c']],
    ['of the limit', '\x0212345678\x03', ['12345678']],
    ['above the limit', '\x02123456789\x03\x02a\x03', ['overlong 123456789', 'a']],
    [
      'far above the limit',
      `\x02${'1'.repeat(90)}\x03\x02a\x03`,
      ['overlong 111111111', `outside ${'1'.repeat(64)}`, 'a'],
    ],
  ])('%s', (_, text, expected) => {
    expect(found(text, marked())).toEqual(expected);
  });

  it('of a fixed length may contain the mark', () => {
    expect(found('\x02a\x02c\x02\x03\x02e', marked(3))).toEqual(['a\x02c', '\x03\x02e']);
  });

  it('of a fixed length is found although the reader began at the mark in the content', () => {
    // the content of each line is "a", the mark, and a digit
    const stream = Array.from({ length: 12 }, (_, count) => `\x02a\x02${count % 10}`).join('');
    const isMessage = (line: string): boolean => /^a\x02\d$/.test(line);
    const lines = found(stream.slice(2), marked(3), { isMessage });
    expect(lines.slice(0, 2).some(isMessage)).toBe(false);
    expect(lines.slice(-6).every(isMessage)).toBe(true);
  });

  it('negative control: is never found by a reader without a judgement of its lines', () => {
    const stream = Array.from({ length: 12 }, (_, count) => `\x02a\x02${count % 10}`).join('');
    const lines = found(stream.slice(2), marked(3));
    expect(lines.some((line) => /^a\x02\d$/.test(line))).toBe(false);
  });
});

it.each([
  ['telegrams', telegrams()],
  ['lines with a mark', marked()],
  ['lines of fixed length', marked(3)],
])('%s are the same for any pieces of any bytes', (_, build) => {
  const text = fc.string({ unit: fc.constantFrom('/', '!', '\n', '\r', 'a', '\x02', '\x03'), maxLength: 200 });
  fc.assert(
    fc.property(text, fc.array(fc.integer({ min: 0, max: 20 })), (given, pieces) => {
      const isMessage = (line: string): boolean => line.length % 2 === 0;
      expect(found(given, build, { pieces, isMessage })).toEqual(found(given, build, { isMessage }));
    }),
  );
});

/** CRC-16/ARC, bit by bit, as in the P1 companion standard. */
function plainCrc(text: string): number {
  let crc = 0;
  for (const octet of octets(text)) {
    crc ^= octet;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return crc;
}

describe('the check of a P1 telegram', () => {
  const check = { kind: 'dsmr', separator: octets('!') } as const;
  const body = '/XYZ5\\meter\r\n\r\n1-0:1.8.1(000123.450*kWh)\r\n';
  const digits = plainCrc(`${body}!`).toString(16).toUpperCase().padStart(4, '0');

  it('covers everything from the first to the exclamation mark', () => {
    expect(plainCrc('123456789')).toBe(0xbb3d);
    expect(textOf(appendCheck(octets(body), check))).toBe(`${body}!${digits}`);
    expect(removeCheck(octets(`${body}!${digits}`), check)).toEqual(octets(body));
  });

  it('finds every single changed bit, and a missing exclamation mark', () => {
    const telegram = octets(`${body}!${digits}`);
    for (let bit = 0; bit < body.length * 8; bit += 1) {
      const damaged = telegram.map((octet, at) => (at === bit >> 3 ? octet ^ (1 << (bit & 7)) : octet));
      expect(removeCheck(damaged, check)).toBeUndefined();
    }
    expect(removeCheck(octets(`${body}${digits}`), check)).toBeUndefined();
  });
});
