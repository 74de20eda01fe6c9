/** Rows as stored by SQLite: read back as written, with RETAIN, after a reopening, as a dead letter and as a will. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retaining } from '../../../src/base/message.ts';
import type { Change } from '../../../src/custody/change.ts';
import type { Row } from '../../../src/custody/row.ts';
import { flagsOf, isWhole, rowOf, type StoredRow, storedQos, valuesOf } from '../../../src/store/row-codec.ts';
import { openStore, row, storePath, tamper } from './store-rig.ts';

const RETAINED = { retain: true } as const;

const anyRow: fc.Arbitrary<Row> = fc
  .record({
    seq: fc.nat(),
    lane: fc.nat(2 ** 21 - 1),
    topic: fc.string(),
    payload: fc.uint8Array(),
    qos: fc.constantFrom(0 as const, 1 as const),
    isRetained: fc.boolean(),
    stamp: fc.record({ epoch: fc.nat(), upMs: fc.nat() }),
  })
  .map(({ isRetained, ...fields }) => ({ ...fields, ...retaining(isRetained) }));
const anyDirection = fc.constantFrom('uplink' as const, 'downlink' as const);

function storedOf(...[direction, one]: Parameters<typeof valuesOf>): StoredRow {
  const [seq, lane, qos, epoch, up_ms, crc, topic, payload] = valuesOf(direction, one);
  return { seq, lane, qos, epoch, up_ms, crc, topic, payload };
}

describe('a row', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(anyDirection, anyRow, (direction, one) => {
        expect(rowOf(direction, storedOf(direction, one))).toEqual(one);
      }),
    );
  });

  it('with one flipped bit in its column qos, that of RETAIN too, is damaged', () => {
    fc.assert(
      fc.property(anyDirection, anyRow, fc.nat(30), (direction, one, bit) => {
        const stored = storedOf(direction, one);
        expect(rowOf(direction, { ...stored, qos: stored.qos ^ (1 << bit) })).toBeUndefined();
      }),
    );
  });

  it('without RETAIN is stored in the same way as before RETAIN was supported', () => {
    expect([storedQos({ qos: 0 }), storedQos({ qos: 1 })]).toEqual([0, 1]);
    expect([storedQos({ qos: 0, ...RETAINED }), storedQos({ qos: 1, ...RETAINED })]).toEqual([16, 17]);
  });

  it.each([2, 3, 15, 18, 32, 33, -1, 0.5, 2 ** 40, null, 'x'])('whose column qos is %j is invalid', (value) => {
    const stored = { ...storedOf('uplink', row(1)), qos: value as number };
    expect(isWhole('uplink', stored)).toBe(false);
    expect(storedQos(flagsOf(value as number))).not.toBe(value);
  });
});

describe('RETAIN in the store', () => {
  const put = (seq: number, fields: Partial<Row>): Change => ({
    kind: 'put',
    direction: 'uplink',
    row: row(seq, 1, fields),
  });

  it('is kept by a reopening: for rows, dead letters and wills', async () => {
    const path = storePath();
    const first = openStore(path);
    const will = { topic: 'gone', payload: Uint8Array.of(1), aliveMs: 5 };
    first.commit(
      ...[put(1, RETAINED), put(2, {}), put(3, { ...RETAINED, payload: new Uint8Array(0) }), put(4, RETAINED)],
      { kind: 'deadLetter', direction: 'uplink', lane: 1, seq: 4, bytes: 46, reason: 'no PUBACK', attempts: 3 },
      { kind: 'will', row: { lane: 1, ...will, qos: 1, ...RETAINED } },
      { kind: 'will', row: { lane: 2, ...will, qos: 0, ...RETAINED } },
      { kind: 'will', row: { lane: 3, ...will, qos: 1 } },
    );
    await first.store.close();
    const { store, opening } = openStore(path);
    const { rows } = await store.page({ direction: 'uplink', lanes: new Map([[1, { from: 0, rows: 10 }]]), limit: 10 });
    expect(rows).toStrictEqual([row(1, 1, RETAINED), row(2), row(3, 1, { ...RETAINED, payload: new Uint8Array(0) })]);
    const { letters } = await store.letters({ after: 0, limit: 10 });
    expect(letters).toMatchObject([{ isWhole: true, row: row(4, 1, RETAINED) }]);
    expect(opening.wills).toStrictEqual([
      { lane: 1, ...will, qos: 1, ...RETAINED },
      { lane: 2, ...will, qos: 0, ...RETAINED },
      { lane: 3, ...will, qos: 1 },
    ]);
  });

  it('that was flipped by the medium costs the message, and is never passed on', async () => {
    const path = storePath();
    const first = openStore(path);
    first.commit(put(1, RETAINED), put(2, {}));
    await first.store.close();
    tamper(path, 'UPDATE outbox SET qos = (qos | 16) - (qos & 16)');
    const { store, opening } = openStore(path);
    const page = await store.page({ direction: 'uplink', lanes: new Map([[1, { from: 0, rows: 10 }]]), limit: 10 });
    expect([page.rows, opening.losses.map(({ messages }) => messages)]).toEqual([[], [2]]);
  });
});
