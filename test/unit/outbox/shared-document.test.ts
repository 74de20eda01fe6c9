/** Documents of uplinks on shared topics: their forms, their bound of size, and the subdevice that they name. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DOCUMENT_FORMS } from '../../../src/base/shared-topic.ts';
import { documentBytesMax, documentOf } from '../../../src/outbox/shared-document.ts';

const MS = 1_483_228_800_000;
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const form = fc.constantFrom(...DOCUMENT_FORMS);

function documentText(
  head: { readonly form: (typeof DOCUMENT_FORMS)[number]; readonly name?: string; readonly ms?: number | undefined },
  payload: string | Uint8Array,
): string {
  const bytes = typeof payload === 'string' ? bytesOf(payload) : payload;
  return new TextDecoder('utf-8', { fatal: true }).decode(documentOf({ name: 'Device A', ms: MS, ...head }, bytes));
}

describe('a document', () => {
  it.each([
    ['values-by-device', '{"temperature":42}', '{"Device A":[{"ts":1483228800000,"values":{"temperature":42}}]}'],
    ['by-device', '{"k":"v"}', '{"Device A":{"k":"v"}}'],
    ['with-device', '{"id":1,"data":{"success":true}}', '{"device":"Device A","id":1,"data":{"success":true}}'],
    ['with-device', ' { } ', '{"device":"Device A" } '],
    ['with-device', '[1]', '{"device":"Device A","value":[1]}'],
    ['by-device', '{"n":12345678901234567890.0}', '{"Device A":{"n":12345678901234567890.0}}'],
  ] as const)('%s of %s is %s', (one, payload, text) => {
    expect(documentText({ form: one }, payload)).toBe(text);
  });

  it.each([
    ['21.50', '{"value":21.50}'],
    ['on', '{"value":"on"}'],
    ['', '{"value":""}'],
    ['[1,2]', '{"value":[1,2]}'],
    [Uint8Array.of(0xff, 0), '{"value":"/wA="}'],
  ])('of the payload %j, which is no JSON object, has it as the value', (payload, value) => {
    expect(documentText({ form: 'by-device' }, payload)).toBe(`{"Device A":${value}}`);
  });

  it.each([undefined, -1, Number.POSITIVE_INFINITY])(
    'has no time if the time is %s: the receiver takes that of arrival',
    (ms) => {
      expect(documentText({ form: 'values-by-device', ms }, '{"t":1}')).toBe('{"Device A":[{"t":1}]}');
    },
  );

  it('escapes the name', () => {
    const text = documentText({ form: 'by-device', name: '"},"b":{"' }, '{}');
    expect(Object.keys(JSON.parse(text))).toEqual(['"},"b":{"']);
  });

  it.each(['{"device":"b"}', '{"de\\u0076ice":"b","id":1}', '{"id":1,"device":"b"}'])(
    'with the device of %s names the true sender, and nests the payload',
    (payload) => {
      expect(documentText({ form: 'with-device' }, payload)).toBe(`{"device":"Device A","value":${payload}}`);
    },
  );

  it('of any payload is JSON, names its sender only, and has a bound of its size', () => {
    const payload = fc.oneof(
      fc.uint8Array(),
      fc.json().map(bytesOf),
      fc
        .dictionary(fc.constantFrom('device', 'ts', 'values', 'value', 'b'), fc.jsonValue())
        .map((one) => bytesOf(JSON.stringify(one))),
    );
    const ms = fc.option(fc.integer({ min: -1, max: 2 ** 50 }), { nil: undefined });
    fc.assert(
      fc.property(form, fc.string({ unit: 'binary', minLength: 1 }), payload, ms, (one, name, bytes, time) => {
        const text = documentText({ form: one, name, ms: time }, bytes);
        const parsed = JSON.parse(text);
        if (one === 'with-device') expect(parsed.device).toBe(name);
        else expect(Object.keys(parsed)).toEqual(Object.keys(JSON.parse(JSON.stringify({ [name]: 1 }))));
        expect(bytesOf(text).length).toBeLessThanOrEqual(documentBytesMax({ form: one, name }, bytes));
      }),
    );
  });
});
