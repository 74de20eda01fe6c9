/** Members of a JSON object: the text of each value, with its bytes unchanged, and a bound of the nesting. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { membersOf, NESTING_MAX } from '../../../src/base/json-members.ts';

const lists = (depth: number): string => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;

describe('the members of a JSON object', () => {
  it('have the values that a parser finds, in any notation', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), fc.nat(3), (object, indent) => {
        const text = JSON.stringify(object, undefined, indent);
        const members = membersOf(` ${text}\n`) ?? new Map();
        const parsed = Object.fromEntries([...members].map(([name, value]) => [name, JSON.parse(value)]));
        expect(parsed).toEqual(JSON.parse(text));
      }),
    );
  });

  it('keep their bytes: digits, escapes and spaces within', () => {
    const members = membersOf('{ "id" : 12345678901234567890 , "data":{"x": 1.50, "y":"\\u00e9}\\"]"} }');
    expect([...(members ?? [])]).toEqual([
      ['id', '12345678901234567890'],
      ['data', '{"x": 1.50, "y":"\\u00e9}\\"]"}'],
    ]);
  });

  it('are found by the name that an escape spells, and the last of a repeated name counts', () => {
    expect(membersOf('{"de\\u0076ice":1,"device":2}')?.get('device')).toBe('2');
    expect(membersOf('{"device":2,"de\\u0076ice":1}')?.get('device')).toBe('1');
  });

  it.each(['', 'x', '[]', '"a"', 'null', '{', '{"a":1}x', '{a:1}', '\ufeff{}'])('%j has none', (text) => {
    expect(membersOf(text)).toBeUndefined();
  });

  it('are nested at most NESTING_MAX times', () => {
    expect(membersOf(lists(NESTING_MAX - 1))).toBeDefined();
    expect(membersOf(lists(NESTING_MAX))).toBeUndefined();
    expect(membersOf(lists(100_000))).toBeUndefined();
  });
});
