/** Texts of values in a topic: one level each, no wildcard, different for different values. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topicProblem } from '../../../src/base/topic.ts';
import { FIELD_BYTES_MAX, fieldText } from '../../../src/base/topic-field.ts';

/** Characters that matter in topics, and any others. */
const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '/',
      '+',
      '#',
      '$',
      '%',
      '.',
      '*',
      '>',
      '|',
      '\0',
      '\n',
      '\u007f',
      '\u0085',
      '\ufdd0',
      '\uffff',
      'a',
      'é',
    ),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
  minLength: 1,
  maxLength: 140,
});

describe('the text of a value', () => {
  it.each([
    ['kitchen', 'kitchen', 'kitchen'],
    ['Küche 2', 'Küche 2', 'K%C3%BCche%202'],
    ['a/b', 'a%2Fb', 'a%2Fb'],
    ['+', '%2B', '%2B'],
    ['#', '%23', '%23'],
    ['$SYS', '%24SYS', '%24SYS'],
    ['50%', '50%25', '50%25'],
    ['%2F', '%252F', '%252F'],
    ['20.5', '20%2E5', '20%2E5'],
    ['..', '%2E%2E', '%2E%2E'],
    ['*', '%2A', '%2A'],
    ['a\0b', 'a%00b', 'a%00b'],
    ['a\nb', 'a%0Ab', 'a%0Ab'],
    ['\u0085', '%C2%85', '%C2%85'],
    ['\ufdd0', '%EF%B7%90', '%EF%B7%90'],
    ['\u{1ffff}', '%F0%9F%BF%BF', '%F0%9F%BF%BF'],
    ['x=1&y', 'x=1&y', 'x%3D1%26y'],
  ])('%j is %j, and encoded %j', (value, plain, encoded) => {
    expect([fieldText(value, false), fieldText(value, true)]).toEqual([plain, encoded]);
    expect([plain, encoded].map((text) => decodeURIComponent(text))).toEqual([value, value]);
  });

  it.each([false, true])(
    'is one level without special characters, and gives the value back; encoded: %s',
    (isEncoded) => {
      let texts = 0;
      fc.assert(
        fc.property(hostile, (value) => {
          const text = fieldText(value, isEncoded);
          if (text === undefined) return;
          texts += 1;
          expect(text).not.toMatch(/[/+#$.*\p{Cc}]|^$/u);
          expect(topicProblem(text)).toBeUndefined();
          expect(decodeURIComponent(text)).toBe(value);
          expect(Buffer.byteLength(text)).toBeLessThanOrEqual(FIELD_BYTES_MAX);
          if (isEncoded) expect(text).toMatch(/^[A-Za-z0-9_~%-]+$/);
        }),
        { numRuns: 3000 },
      );
      expect(texts).toBeGreaterThan(500);
    },
  );

  it('has at most FIELD_BYTES_MAX bytes, counted in the topic', () => {
    const longest = 'x'.repeat(FIELD_BYTES_MAX);
    expect([fieldText(longest, false), fieldText(`${longest}x`, false)]).toEqual([longest, undefined]);
    expect(fieldText('é'.repeat(FIELD_BYTES_MAX / 2), false)).toBeDefined();
    expect(fieldText('é'.repeat(FIELD_BYTES_MAX / 2 + 1), false)).toBeUndefined();
    expect(fieldText('/'.repeat(Math.floor(FIELD_BYTES_MAX / 3)), false)).toBeDefined();
    expect(fieldText('/'.repeat(Math.floor(FIELD_BYTES_MAX / 3) + 1), false)).toBeUndefined();
  });

  it('negative control: a value without encoding has several levels', () => {
    expect('a/b').toMatch(/[/+#$.*\p{Cc}]|^$/u);
  });
});
