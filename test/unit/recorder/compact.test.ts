/** Values as bytes for the flight recorder: read back unchanged, and never more than the maximum. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CompactReader, CompactWriter, Vocabulary } from '../../../src/recorder/encoding.ts';
import { ByteRing } from '../../../src/recorder/ring.ts';

const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(undefined, null, true, false),
    fc.oneof(fc.integer(), fc.double({ noNaN: true }), fc.maxSafeInteger()).map((number) => number + 0),
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.constantFrom('topic', 'payload', 'qos'), tie('value')).map((fields) => ({ ...fields })),
    fc.array(fc.tuple(fc.nat(), fc.string()), { maxLength: 5 }).map((pairs) => new Map(pairs)),
  ),
}));

describe('values in bytes', () => {
  it('are read back unchanged, one after the other', () => {
    const words = new Vocabulary();
    const writer = new CompactWriter(words, 1_000_000);
    fc.assert(
      fc.property(fc.array(value, { maxLength: 6 }), (values) => {
        writer.clear();
        for (const one of values) writer.value(one);
        const reader = new CompactReader(words, Buffer.from(writer.written ?? []));
        expect(values.map(() => reader.value())).toEqual(values);
      }),
    );
  });

  it('of one kind may have different fields, in any order, one after the other', () => {
    const fields = fc.shuffledSubarray(['topic', 'payload', 'qos', 'kind']);
    fc.assert(
      fc.property(fc.array(fields, { maxLength: 30 }), (objects) => {
        const words = new Vocabulary();
        const writer = new CompactWriter(words, 1_000_000);
        const values = objects.map((names) => Object.fromEntries(names.map((name) => [name, 'publish'])));
        for (const one of values) writer.object(one);
        const reader = new CompactReader(words, Buffer.from(writer.written ?? []));
        const read = values.map(() => reader.value() as object);
        expect(read.map((one) => Object.entries(one))).toEqual(values.map((one) => Object.entries(one)));
      }),
    );
  });

  it('larger than the maximum are not encoded, for any value', () => {
    fc.assert(
      fc.property(value, fc.nat(200), (one, bytesMax) => {
        const writer = new CompactWriter(new Vocabulary(), bytesMax);
        writer.value(one);
        expect(writer.written?.length ?? 0).toBeLessThanOrEqual(bytesMax);
        writer.clear();
        expect(writer.written).toHaveLength(0);
      }),
    );
  });
});

describe('a ring of bytes', () => {
  it('keeps the newest records that fit, whole, also across its end', () => {
    const lengths = fc.array(fc.nat(120), { maxLength: 100 });
    fc.assert(
      fc.property(lengths, fc.nat(400), (records, bytesMax) => {
        const ring = new ByteRing(bytesMax);
        for (const [index, length] of records.entries()) ring.add(new Uint8Array(length).fill(index));
        const kept = [...ring.read()];
        const newest = records.length - kept.length;
        expect(kept.map((record) => [...record])).toEqual(
          records.slice(newest).map((length, index) => Array(length).fill((newest + index) % 256)),
        );
        expect(ring.usedBytes).toBeLessThanOrEqual(bytesMax);
        expect(ring.forgotten).toBe(newest);
      }),
    );
  });
});
