/** Registers and values: types, word orders, scales; and grouping of points into requests. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digitsOf, isExactNumber } from '../../../../src/base/decimal.ts';
import { planBlocks } from '../../../../src/driver/modbus/blocks.ts';
import { contentText } from '../../../../src/driver/modbus/options.ts';
import {
  decodePoint,
  isNotAvailable,
  isSame,
  type Point,
  type PointType,
  type PointValue,
} from '../../../../src/driver/modbus/points.ts';
import { ModbusSchedule } from '../../../../src/driver/modbus/poll-plan.ts';
import type { TextEncoding, TextPadding } from '../../../../src/driver/modbus/register-text.ts';
import { encodeWrite, valueProblem } from '../../../../src/driver/modbus/writes.ts';
import { point } from './modbus-wire.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const written = (one: Point, value: PointValue): Uint8Array => {
  const request = encodeWrite(one, value, { unit: 1, mode: 'multiple' });
  if (request.function !== 16) throw new Error(`written by function ${request.function}`);
  return Uint8Array.from(request.words.flatMap((word) => [word >> 8, word & 0xff]));
};

describe('a point', () => {
  it.each<[PointType, string, unknown]>([
    ['uint16', 'ffff', 65535],
    ['int16', 'ffff', -1],
    ['uint32', 'fffffffe', 4294967294],
    ['int32', 'fffffffe', -2],
    ['float32', '3dcccccd', 0.1],
    ['float32', '7fc00000', null],
    ['uint64', '001fffffffffffff', Number.MAX_SAFE_INTEGER],
    ['uint64', 'ffffffffffffffff', { digits: '18446744073709551615' }],
    ['int64', '8000000000000000', { digits: '-9223372036854775808' }],
    ['int64', 'ffdfffffffffffff', { digits: '-9007199254740993' }],
    ['uint64', '0020000000000000', 9007199254740992],
    ['int64', 'ffffffffffffffff', -1],
    ['float64', '3fb999999999999a', 0.1],
    ['string', '6162 6300 7878', 'abc'],
    ['string', '6162 8041 2020', 'ab\ufffdA'],
  ])('of type %s reads %s as %j', (type, content, value) => {
    expect(decodePoint(point('p', 5, { type, length: 6 }), bytes(content), 5)).toEqual(value);
  });

  it.each<[PointType, string, Point['order'], string]>([
    ['int16', '8000', 'ABCD', '8000'],
    ['uint16', 'ffff', 'BADC', 'ffff'],
    ['int32', '0000 8000', 'CDAB', '80000000'],
    ['float32', '7fc0 0000', 'ABCD', '7fc00000'],
    ['float32', '447a 0000', 'ABCD', '447a0000'],
    ['uint64', 'ffff ffff ffff ffff', 'ABCD', 'ffffffffffffffff'],
  ])('of type %s with the content %s in the order %s is not available if it says so', (type, content, order, means) => {
    const one = point('p', 5, { type, order, notAvailable: ['0001', means] });
    expect(decodePoint(one, bytes(`0000 ${content}`), 4)).toBe(null);
    expect(isNotAvailable(one, bytes(`0000 ${content}`), 4)).toBe(true);
    expect(isNotAvailable({ ...one, notAvailable: ['0001'] }, bytes(`0000 ${content}`), 4)).toBe(false);
  });

  it.each([
    [0x8000, 1, '8000'],
    [-1, 1, 'ffff'],
    [-0x8000, 1, '8000'],
    [-0x8001, 1, undefined],
    [0xffff, 1, 'ffff'],
    [0x10000, 1, undefined],
    [-1, 4, 'ffffffffffffffff'],
    ['0x8000000000000000', 4, '8000000000000000'],
    ['0x80', 2, '00000080'],
    ['0x123456789', 2, undefined],
  ])('takes the content %s in %i registers as %s', (content, words, text) => {
    expect(contentText(content, words)).toBe(text);
  });

  it.each<[TextEncoding, string, string]>([
    ['ascii', '4142 0000 0000 0000', 'AB'],
    ['ascii', '4142 2020 2020 2020', 'AB'],
    ['ascii', '4142 ffff ffff ffff', 'AB'],
    ['ascii', '2020 2020 3132 2e35', '12.5'],
    ['ascii', '0000 4142 0058 5858', 'AB'],
    ['ascii', 'ffff ffff ffff ffff', ''],
    ['ascii', '4120 4200 20ff 2000', 'A B'],
    ['ascii', '4107 42e9 0000 0000', 'A\ufffdB\ufffd'],
    ['latin1', '4bfc 636b 2020 2020', 'Kück'],
    ['latin1', '4b85 20b0 4300 0000', 'K\ufffd °C'],
    ['utf-8', '4bc3 bc63 6b00 0000', 'Kück'],
    ['utf-8', '4bc3 bc63 6bff ffff', 'Kück'],
    ['utf-8', '4bfc 0000 0000 0000', 'K\ufffd'],
    ['utf-16be', '004b 00fc 20ac 0000', 'Kü€'],
    ['utf-16le', '4b00 fc00 ac20 ffff', 'Kü€'],
    ['utf-16be', 'd83d 0041 0020 0020', '\ufffdA'],
  ])('of %s reads %s as %j', (encoding, content, text) => {
    const length = encoding.startsWith('utf-16') ? 4 : 8;
    expect(decodePoint(point('p', 0, { type: 'string', length, encoding }), bytes(content), 0)).toBe(text);
  });

  it('of a text reads registers with the low octet first', () => {
    const one = point('p', 0, { type: 'string', length: 4, order: 'BADC' });
    expect(decodePoint(one, bytes('4241 4443'), 0)).toBe('ABCD');
    expect(written(one, 'ABCD')).toEqual(bytes('4241 4443'));
  });

  it.each<[TextEncoding, TextPadding, string, string]>([
    ['ascii', 'nul', 'AB', '4142 0000 0000'],
    ['ascii', 'space', 'AB', '4142 2020 2020'],
    ['latin1', 'ff', 'ü', 'fcff ffff ffff'],
    ['utf-8', 'space', 'ü', 'c3bc 2020 2020'],
    ['utf-16be', 'ff', 'ü', '00fc ffff ffff'],
    ['utf-16le', 'space', '€', 'ac20 2000 2000'],
  ])('of %s filled up with %s writes %j as %s', (encoding, padding, text, content) => {
    const length = encoding.startsWith('utf-16') ? 3 : 6;
    const one = point('p', 0, { type: 'string', length, encoding, padding });
    expect(valueProblem(one, text)).toBeUndefined();
    expect(written(one, text)).toEqual(bytes(content));
    expect(decodePoint(one, bytes(content), 0)).toBe(text);
  });

  it.each<[TextEncoding, string]>([
    ['ascii', 'ü'],
    ['ascii', 'a\nb'],
    ['latin1', '€'],
    ['utf-8', 'üüü'],
    ['utf-8', '\ud800'],
    ['utf-16be', '12345'],
    ['utf-16be', '\ud800'],
  ])('of %s rejects %j', (encoding, text) => {
    const one = point('p', 0, { type: 'string', length: encoding.startsWith('utf-16') ? 4 : 5, encoding });
    expect(valueProblem(one, text)).toMatch(/^takes a text of at most/);
  });

  it.each([
    ['ABCD', '0102 0304'],
    ['CDAB', '0304 0102'],
    ['BADC', '0201 0403'],
    ['DCBA', '0403 0201'],
  ] as const)('in order %s has its octets as %s', (order, content) => {
    const one = point('p', 0, { type: 'uint32', order });
    expect(decodePoint(one, bytes(content), 0)).toBe(0x01020304);
    expect(written(one, 0x01020304)).toEqual(bytes(content));
  });

  it('is found at its place in its block', () => {
    expect(decodePoint(point('p', 7), bytes('0001 0002 0003'), 5)).toBe(3);
    expect(decodePoint(point('p', 7, { type: 'bool', bit: 1 }), bytes('0001 0002 0003'), 5)).toBe(true);
    expect(decodePoint(point('p', 14, { table: 'coil', type: 'bool' }), bytes('0002'), 5)).toBe(true);
  });

  it('is scaled without rounding errors in the last digits', () => {
    expect(decodePoint(point('p', 0, { scale: 0.1, offset: -40 }), bytes('0283'), 0)).toBe(24.3);
  });

  it.each<[Partial<Point>, string, string]>([
    [{ scale: 0.1 }, '0929', '234.5'],
    [{ scale: 0.01, type: 'int16' }, 'fffd', '-0.03'],
    [{ scale: 0.001, type: 'uint64' }, 'ffffffffffffffff', '18446744073709551.615'],
    [{ scale: 10, type: 'uint64' }, 'ffffffffffffffff', '184467440737095516150'],
    [{ offset: 0.5, type: 'int64' }, '7fffffffffffffff', '9223372036854775807.5'],
    [{ scale: 1e-7 }, '0001', '1e-7'],
    [{ scale: 1e21 }, '0002', '2e+21'],
    [{ scale: 0.1, type: 'float32' }, '40490fdb', '0.31415927'],
    [{ scale: 0.3, type: 'float64' }, '3fb999999999999a', '0.03'],
    [{ scale: 2, type: 'float64' }, '7fefffffffffffff', 'null'],
  ])('of %j reads %s exactly as %s', (plan, content, digits) => {
    const value = decodePoint(point('p', 0, plan), bytes(content), 0);
    expect(typeof value === 'number' || isExactNumber(value) ? digitsOf(value) : String(value)).toBe(digits);
  });

  it.each<[Partial<Point>, string, string]>([
    [{ scale: 0.1 }, '234.5', '0929'],
    [{ scale: 0.1 }, '234.46', '0929'],
    [{ type: 'uint64' }, '18446744073709551615', 'ffffffffffffffff'],
    [{ type: 'int64' }, '-9223372036854775808', '8000000000000000'],
    [{ type: 'int64' }, '9007199254740993', '0020000000000001'],
    [{ type: 'uint64', scale: 0.001 }, '18446744073709551.615', 'ffffffffffffffff'],
    [{ type: 'int16', scale: -1 }, '3', 'fffd'],
    [{ type: 'float32', scale: 10 }, '1', '3dcccccd'],
  ])('of %j writes %s as %s', (plan, digits, content) => {
    expect(written(point('p', 0, plan), { digits })).toEqual(bytes(content));
  });

  it('limits 64-bit integers to their range', () => {
    const one = point('p', 0, { type: 'uint64' });
    expect(valueProblem(one, { digits: '18446744073709551615' })).toBeUndefined();
    expect(valueProblem(one, { digits: '18446744073709551616' })).toBe('takes 0 to 18446744073709551615');
    expect(valueProblem(point('p', 0, { type: 'int16', scale: -0.1 }), 5000)).toBe('takes -3276.7 to 3276.8');
  });

  it('reads back every value that was written, for any type, order and value', () => {
    const types = fc.constantFrom<PointType>(
      'int16',
      'uint16',
      'int32',
      'uint32',
      'float32',
      'int64',
      'uint64',
      'float64',
    );
    const orders = fc.constantFrom('ABCD', 'CDAB', 'BADC', 'DCBA');
    fc.assert(
      fc.property(types, orders, fc.oneof(fc.double({ noNaN: true }), fc.maxSafeInteger()), (type, order, value) => {
        const one = point('p', 0, { type, order });
        if (valueProblem(one, value) !== undefined) return;
        const found = Number(decodePoint(one, written(one, value), 0));
        if (type === 'float64') expect(found === value).toBe(true);
        else if (type === 'float32') expect(Math.fround(found) === Math.fround(value)).toBe(true);
        else expect(Math.abs(found - value)).toBeLessThanOrEqual(0.5);
      }),
    );
  });

  it('rejects a value that it cannot hold, and never throws', () => {
    const types = fc.constantFrom<PointType>('bool', 'int16', 'uint64', 'float32', 'string');
    fc.assert(
      fc.property(types, fc.jsonValue(), (type, value) => {
        const one = point('p', 0, { type, length: 4, ...(type === 'bool' ? { bit: 3 } : {}) });
        if (valueProblem(one, value) === undefined) encodeWrite(one, value as number, { unit: 1, mode: 'single' });
      }),
    );
  });

  it('has changed only beyond its deadband, or when it appears or disappears', () => {
    const one = point('p', 0, { deadband: 2 });
    expect([isSame(one, 5, 7), isSame(one, 5, 7.5), isSame(one, undefined, 0), isSame(one, 0, null)]).toEqual([
      ...[true, false, false, false],
    ]);
  });
});

describe('a schedule', () => {
  const shape = (points: readonly Point[], gapMax = 0) =>
    planBlocks({ address: 1, points, gapMax }).map(({ table, start, count }) => `${table} ${start}+${count}`);

  it('reads adjacent registers together, if their table and period are the same', () => {
    const points = [point('b', 2, { type: 'float32' }), point('a', 1), point('c', 4), point('d', 6)];
    expect(shape(points)).toEqual(['holding 1+4', 'holding 6+1']);
    expect(shape(points, 1)).toEqual(['holding 1+6']);
    expect(shape([point('a', 1), point('b', 2, { table: 'input' }), point('c', 2, { pollMs: 7 })])).toHaveLength(3);
  });

  it('requests no more registers than one request may contain', () => {
    expect(shape(Array.from({ length: 126 }, (_, at) => point(`p${at}`, at)))).toEqual([
      'holding 0+125',
      'holding 125+1',
    ]);
    const coils = Array.from({ length: 2001 }, (_, at) => point(`c${at}`, at, { table: 'coil', type: 'bool' }));
    expect(shape(coils)).toEqual(['coil 0+2000', 'coil 2000+1']);
  });

  it('covers each point, for any set of points', () => {
    const any = fc.record({ address: fc.nat(400), type: fc.constantFrom<PointType>('uint16', 'float32', 'float64') });
    fc.assert(
      fc.property(fc.array(any, { minLength: 1 }), fc.nat(10), (places, gapMax) => {
        const points = places.map(({ address, type }, at) => point(`p${at}`, address, { type }));
        const blocks = planBlocks({ address: 1, points, gapMax });
        expect(blocks.flatMap((block) => block.points)).toHaveLength(points.length);
        for (const block of blocks) {
          expect(block.count).toBeLessThanOrEqual(125);
          const width = { uint16: 1, float32: 2, float64: 4 } as const;
          for (const { address, type } of block.points) {
            expect(address).toBeGreaterThanOrEqual(block.start);
            expect(address + width[type as keyof typeof width]).toBeLessThanOrEqual(block.start + block.count);
          }
        }
      }),
    );
  });

  it('gives every unit a turn, ordered by delay, on a line that is too slow for all', () => {
    const units = [1, 2, 3].map((address) => ({
      address,
      gapMax: 0,
      learned: undefined,
      points: [point('a', 0, { pollMs: 20 * address })],
    }));
    const schedule = new ModbusSchedule(units, { floorMs: 10, ceilingMs: 20 }, () => 0);
    const turns = new Map<number, number>();
    for (let nowMs = 0; nowMs < 6000; nowMs += 30) {
      const block = schedule.next(nowMs, () => 0);
      if (block === undefined) continue;
      turns.set(block.unit, (turns.get(block.unit) ?? 0) + 1);
      schedule.done(block, { kind: 'done', content: new Uint8Array() }, nowMs);
    }
    expect(Math.min(...[1, 2, 3].map((unit) => turns.get(unit) ?? 0))).toBeGreaterThan(40);
  });
});
