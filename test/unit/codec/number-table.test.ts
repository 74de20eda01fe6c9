import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CELL_MAX, decodeTable, encodeTable, type TableCell } from '../../../src/codec/number-table.ts';

const cell = fc.oneof(
  fc.constant(null),
  fc.integer({ min: -20, max: 20 }),
  fc.integer({ min: -CELL_MAX, max: CELL_MAX }),
  fc.constantFrom(-CELL_MAX, CELL_MAX),
);
const table = fc
  .integer({ min: 0, max: 8 })
  .chain((columns) => fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { maxLength: 70 }));

describe('a table of numbers', () => {
  it('is decoded as it was encoded', () => {
    fc.assert(
      fc.property(table, (rows) => {
        expect(decodeTable(encodeTable(rows))).toEqual({ ok: true, value: rows });
      }),
    );
  });

  it.each([
    ['at the bound', CELL_MAX, CELL_MAX],
    ['below the bound', CELL_MAX - 1, CELL_MAX - 1],
    ['above the bound', CELL_MAX + 1, null],
    ['between whole numbers', 1.5, null],
    ['that is not a number', Number.NaN, null],
  ])('keeps a value %s, or stores it as missing', (_, value, stored) => {
    expect(decodeTable(encodeTable([[value], [-CELL_MAX]]))).toEqual({ ok: true, value: [[stored], [-CELL_MAX]] });
  });

  it('takes one byte for each value of a constant column', () => {
    const rows: TableCell[][] = Array.from({ length: 60 }, () => [1_793_000_040_000]);
    expect(encodeTable(rows).length).toBeLessThan(3 + 8 + 60);
  });

  it('of any bytes is a value or a problem, and never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(typeof decodeTable(bytes).ok).toBe('boolean');
      }),
    );
  });

  it.each([
    ['nothing', []],
    ['another version', [2, 1, 1, 2]],
    ['rows without an end', [1, 2, 1, 2]],
    ['too many rows', [1, 0xff, 0xff, 0x7f, 1]],
    ['a number without an end', [1, 1, 1, 0xff, 0xff]],
  ])('is not decoded from %s', (_, octets) => {
    expect(decodeTable(Uint8Array.from(octets)).ok).toBe(false);
  });
});
