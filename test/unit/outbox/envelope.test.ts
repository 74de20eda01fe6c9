/** Envelope of a payload: every payload is recovered from it, byte for byte, and its size has a bound. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EnvelopeNames } from '../../../src/base/envelope-form.ts';
import { Envelope, type Measurement } from '../../../src/outbox/envelope.ts';
import { opened } from '../../envelope-reader.ts';
import { NAMES } from './outbox-rig.ts';

const PLAIN: Measurement = {
  time: { quality: 'exact', ms: Date.UTC(2026, 6, 8, 9, 10, 11, 120) },
  age: { ms: 1200.7, quality: 'exact' },
  isReplayed: false,
  seq: 81,
};
const UNDATED: Measurement = { ...PLAIN, time: { quality: 'none', ms: undefined } };
const FIELDS =
  '"measured_at":"2026-07-08T09:10:11.120Z","age_ms":1200,"time_quality":"exact","age_quality":"exact","replayed":false,"seq":81';

const envelope = new Envelope(NAMES);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
const enclose = (form: 'json' | 'fields', payload: string | Uint8Array, measurement = PLAIN): string =>
  textOf(envelope.enclose(form, typeof payload === 'string' ? bytesOf(payload) : payload, measurement).bytes);

/** Payloads of each kind: any bytes, texts, JSON, and JSON objects with members of the envelope. */
const payloads = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.string({ unit: 'binary', maxLength: 100 }).map(bytesOf),
  fc.json().map(bytesOf),
  fc
    .tuple(fc.constantFrom('', ' ', '\n\t', '\ufeff'), fc.json(), fc.constantFrom('', ' ', '\r\n', '\0'))
    .map((parts) => bytesOf(parts.join(''))),
  fc
    .dictionary(fc.oneof(fc.constantFrom(...Object.values(NAMES)), fc.string()), fc.jsonValue())
    .map((object) => bytesOf(JSON.stringify(object))),
);

const measurements: fc.Arbitrary<Measurement> = fc.record({
  time: fc.oneof(
    fc.record({ quality: fc.constantFrom('exact' as const, 'at_least' as const), ms: fc.double() }),
    fc.constant(UNDATED.time),
  ),
  age: fc.record({ ms: fc.double({ min: 0, noNaN: true }), quality: fc.constantFrom('exact', 'at_least') }),
  isReplayed: fc.boolean(),
  seq: fc.option(fc.maxSafeNat(), { nil: undefined }),
});

describe('an envelope', () => {
  it.each([
    ['{"flow":12.50,"n":18446744073709551615}', `{"payload":{"flow":12.50,"n":18446744073709551615},"encoding":"json"`],
    [' 21.5 ', '{"payload": 21.5 ,"encoding":"json"'],
    ['"21.5"', '{"payload":"21.5","encoding":"json"'],
    ['null', '{"payload":null,"encoding":"json"'],
    ['21.5 °C', '{"payload":"21.5 °C","encoding":"text"'],
    ['007', '{"payload":"007","encoding":"text"'],
    ['', '{"payload":"","encoding":"text"'],
    ['{"a":1}{', '{"payload":"{\\"a\\":1}{","encoding":"text"'],
  ])('contains %j', (payload, begin) => {
    expect(enclose('json', payload)).toBe(`${begin},${FIELDS}}`);
  });

  it('contains bytes that are not UTF-8 in base64', () => {
    expect(enclose('json', Uint8Array.of(0xff, 0, 1))).toBe(`{"payload":"/wAB","encoding":"base64",${FIELDS}}`);
  });

  it.each([
    ['{"flow":12.50}', `{"flow":12.50,${FIELDS}}`],
    ['{}', `{${FIELDS}}`],
    [' { } \n', ` { ${FIELDS}} \n`],
    ['{"a":"}"}', `{"a":"}",${FIELDS}}`],
    ['{"seq":4}', `{"payload":{"seq":4},"encoding":"json",${FIELDS}}`],
    ['{"s\\u0065q":4}', `{"payload":{"s\\u0065q":4},"encoding":"json",${FIELDS}}`],
    ['{"encoding":"text"}', `{"payload":{"encoding":"text"},"encoding":"json",${FIELDS}}`],
    ['[1]', `{"payload":[1],"encoding":"json",${FIELDS}}`],
    ['on', `{"payload":"on","encoding":"text",${FIELDS}}`],
  ])('with the form fields adds members to %j only if it is an object without such members', (payload, expected) => {
    expect(enclose('fields', payload)).toBe(expected);
  });

  it('names no time if none is known, and no number for a message that is not in custody', () => {
    expect(JSON.parse(enclose('fields', '{}', { ...UNDATED, seq: undefined }))).toEqual({
      ...{ measured_at: null, age_ms: 1200, time_quality: 'none', age_quality: 'exact', replayed: false, seq: null },
    });
  });

  it('has the names of the configuration', () => {
    const names: EnvelopeNames = { ...NAMES, payload: 'value', measuredAt: 'ts', seq: '__proto__' };
    const text = textOf(new Envelope(names).enclose('json', bytesOf('1'), PLAIN).bytes);
    expect(text).toMatch(/^\{"value":1,"encoding":"json","ts":"2026-.*,"__proto__":81\}$/);
  });

  it.each(['json', 'fields'] as const)('with the form %s returns every payload unchanged', (form) => {
    fc.assert(
      fc.property(payloads, measurements, (payload, measurement) => {
        const { bytes: enclosed } = envelope.enclose(form, payload, measurement);
        expect(opened(enclosed).payload).toEqual(payload);
        expect(enclosed.length).toBeLessThanOrEqual(envelope.bytesMax(form, payload));
        expect(envelope.bytesMax(form, payload)).toBeLessThanOrEqual(envelope.bytesMaxOfAny(payload.length));
      }),
      { numRuns: 2000 },
    );
  });

  it('has at most 380 bytes around a payload, with the longest names', () => {
    const long = (digit: number): string => `${digit}`.padStart(32, '_');
    const names = Object.fromEntries(Object.keys(NAMES).map((key, place) => [key, long(place)]));
    const longest = new Envelope(names as unknown as EnvelopeNames);
    expect(longest.bytesMax('json', bytesOf(''))).toBeLessThanOrEqual(382);
  });
});
