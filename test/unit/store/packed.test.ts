import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/custody/change.ts';
import { ZERO } from '../../../src/custody/ledger.ts';
import type { Row } from '../../../src/custody/row.ts';
import { packChanges, packPage, unpackChanges, unpackPage } from '../../../src/store/packed.ts';

const direction = fc.constantFrom('uplink' as const, 'downlink' as const);
const lane = fc.integer({ min: 0, max: 2 ** 21 - 1 });
const seq = fc.maxSafeNat();
const row: fc.Arbitrary<Row> = fc
  .record({
    seq,
    lane,
    topic: fc.string({ unit: 'grapheme', maxLength: 40 }),
    payload: fc.uint8Array({ maxLength: 300 }),
    qos: fc.constantFrom(0 as const, 1 as const),
    stamp: fc.record({ epoch: fc.nat(), upMs: fc.double({ min: 0, max: 1e15, noNaN: true }) }),
    isRetained: fc.boolean(),
  })
  .map(({ isRetained, ...rest }) => (isRetained ? { ...rest, retain: true } : rest));
const bytes = fc.integer({ min: 40, max: 2 ** 32 - 1 });
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), direction, row }),
  fc.record({
    ...{ kind: fc.constant('settle' as const), direction, lane, seq, bytes },
    outcome: fc.constantFrom({ as: 'delivered' as const }, { as: 'shed' as const, reason: 'expired' as const }),
  }),
  fc.record({ kind: fc.constant('count' as const), direction, lane, counts: fc.constant({ ...ZERO, delivered: 2 }) }),
  fc.record({ kind: fc.constant('lossesSeen' as const) }),
);

describe('changes and pages in one block of bytes', () => {
  it('are the same, in the same order, after the way to the other thread', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const received = unpackChanges(structuredClone(packChanges(changes)));
        expect(received).toEqual(changes);
      }),
    );
    fc.assert(
      fc.property(fc.array(row, { maxLength: 30 }), (rows) => {
        const page = { rows, scannedTo: 9, atEnd: true, damaged: [{ seq: 1, lane: 2, bytes: 3 }] };
        expect(unpackPage(structuredClone(packPage(page)))).toEqual(page);
      }),
    );
  });

  it('carry a row of each kind, one of them with the longest topic of MQTT', () => {
    const topic = '€'.repeat(21_845);
    const one: Row = {
      seq: 2 ** 53 - 1,
      lane: 3,
      topic,
      payload: new Uint8Array(5),
      qos: 1,
      stamp: { epoch: 1, upMs: 0.5 },
    };
    const changes: Change[] = [
      { kind: 'put', direction: 'downlink', row: one },
      { kind: 'lossesSeen' },
      { kind: 'settle', direction: 'downlink', lane: 3, seq: 7, bytes: 41, outcome: { as: 'delivered' } },
      { kind: 'settle', direction: 'uplink', lane: 3, seq: 8, bytes: 41, outcome: { as: 'damaged' } },
    ];
    const { bytes, others } = packChanges(changes);
    expect([others.length, unpackChanges({ bytes, others })]).toEqual([2, changes]);
  });

  it('of rows share no memory with the block', () => {
    const page = {
      rows: [
        { seq: 1, lane: 1, topic: 't', payload: new Uint8Array(3), qos: 1, stamp: { epoch: 1, upMs: 0 } } as const,
      ],
    };
    const packed = packPage({ ...page, scannedTo: 1, atEnd: true, damaged: [] });
    const [first] = unpackPage(packed).rows;
    packed.rows.fill(0xff);
    expect([...(first?.payload ?? [])]).toEqual([0, 0, 0]);
    expect(first?.payload.buffer.byteLength).toBe(3);
  });
});
