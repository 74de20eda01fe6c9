/** Values of fields in payloads of any content: found with their digits, or the reason why there is none. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NESTING_MAX } from '../../../src/base/json-members.ts';
import { FIELD_PAYLOAD_BYTES_MAX, fieldsOfPayload } from '../../../src/base/payload-field.ts';

const at = (payload: string | Uint8Array, path: string) => fieldsOfPayload(Buffer.from(payload), [path]).get(path);

describe('a value', () => {
  it.each([
    ['{"room":"kitchen"}', 'room', 'kitchen'],
    [' \r\n\t{ "room" : "k\\u00fcche" } ', 'room', 'küche'],
    ['{"room":7}', 'room', '7'],
    ['{"room":-1.50e3}', 'room', '-1.50e3'],
    ['{"id":12345678901234567890}', 'id', '12345678901234567890'],
    ['{"on":true,"off":false}', 'off', 'false'],
    ['{"place":{"room":"hall"}}', 'place.room', 'hall'],
    ['{"a":{"b":{"c":{"d":1}}}}', 'a.b.c.d', '1'],
    ['{"1.8.0":42}', '1.8.0', '42'],
    ['{"a":{"1.8":5}}', 'a.1.8', '5'],
    ['{"place":{"room":"inner"},"place.room":"whole"}', 'place.room', 'whole'],
    ['{"room":"first","room":"last"}', 'room', 'last'],
    ['{"r\\u006fom":"escaped"}', 'room', 'escaped'],
    ['{"__proto__":"own"}', '__proto__', 'own'],
    ['{"":"empty name"}', '', 'empty name'],
    ['{"room":" "}', 'room', ' '],
    ['{"room":"\\u0000"}', 'room', '\0'],
  ])('in %s at %s is %j', (payload, path, value) => {
    expect(at(payload, path)).toEqual({ value });
  });

  it.each([
    ['', 'room', /not a JSON object/],
    ['21.5', 'room', /not a JSON object/],
    ['["room"]', 'room', /not a JSON object/],
    ['"room"', 'room', /not a JSON object/],
    ['{"room":"x"', 'room', /not a JSON object/],
    ['{room:1}', 'room', /not a JSON object/],
    ['\ufeff{"room":1}', 'room', /not a JSON object/],
    [new Uint8Array([0x7b, 0xff, 0x7d]), 'room', /not a JSON object/],
    [`{"a":${'['.repeat(NESTING_MAX)}${']'.repeat(NESTING_MAX)},"room":1}`, 'room', /at most 64 levels/],
    ['{}', 'room', /no member "room"/],
    ['{"Room":1}', 'room', /no member "room"/],
    ['{}', 'toString', /no member/],
    ['{"place":"x"}', 'place.room', /no member "place.room"/],
    ['{"place":{}}', 'place.room', /no member "room"/],
    ['{"room":null}', 'room', /not a text, a number or a boolean/],
    ['{"room":{}}', 'room', /not a text, a number or a boolean/],
    ['{"room":[1]}', 'room', /not a text, a number or a boolean/],
    ['{"room":""}', 'room', /is empty/],
    ['{"room":"\\ud800"}', 'room', /not valid Unicode/],
  ])('is not in %j at %s', (payload, path, why) => {
    expect(at(payload, path)).toEqual({ why: expect.stringMatching(why) });
  });

  it('is what a parser finds, in any object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), fc.nat(2), (object, indent) => {
        const text = JSON.stringify(object, undefined, indent);
        for (const [name, value] of Object.entries(JSON.parse(text) as object)) {
          const found = at(text, name);
          const isUsable = ['string', 'number', 'boolean'].includes(typeof value) && value !== '';
          if (isUsable && String(value).isWellFormed())
            expect(found).toEqual({ value: typeof value === 'string' ? value : JSON.stringify(value) });
          else expect(found).toHaveProperty('why');
        }
      }),
    );
  });

  it('is never an error, for any bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 64 }),
          fc.string().map((text) => Buffer.from(`{${text}`)),
        ),
        (bytes) => {
          expect(at(bytes, 'room')).toBeDefined();
        },
      ),
    );
  });

  it('is looked for in payloads up to the bound', () => {
    const payload = (bytes: number): string => `{"room":1,"pad":"${'x'.repeat(bytes - 19)}"}`;
    expect(payload(FIELD_PAYLOAD_BYTES_MAX)).toHaveLength(FIELD_PAYLOAD_BYTES_MAX);
    expect(at(payload(FIELD_PAYLOAD_BYTES_MAX), 'room')).toEqual({ value: '1' });
    expect(at(payload(FIELD_PAYLOAD_BYTES_MAX + 1), 'room')).toEqual({
      why: `the payload has more than ${FIELD_PAYLOAD_BYTES_MAX} bytes`,
    });
  });
});
