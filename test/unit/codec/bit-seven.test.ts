/** Bytes of 7 data bits on a line of 8. */
import { expect, it } from 'vitest';
import { type BitSeven, cleanReceived, withParity } from '../../../src/codec/bit-seven.ts';

const every = Uint8Array.from({ length: 256 }, (_, octet) => octet);
const ascii = every.slice(0, 128);
const onesIn = (octet: number): number => octet.toString(2).replaceAll('0', '').length;

it('written bytes have the parity, and come back without it', () => {
  for (const bitSeven of ['even', 'odd'] as const) {
    const sent = withParity(ascii, { bitSeven });
    expect([...sent].every((octet) => onesIn(octet) % 2 === (bitSeven === 'even' ? 0 : 1))).toBe(true);
    expect(cleanReceived(sent, { bitSeven, skipsNul: false })).toEqual(ascii);
  }
});

it('without a parity bit nothing is changed', () => {
  expect(withParity(every, { bitSeven: 'data' })).toBe(every);
  expect(withParity(ascii, { bitSeven: 'ignore' })).toBe(ascii);
  expect(cleanReceived(every, { bitSeven: 'data', skipsNul: false })).toBe(every);
});

it.each<[BitSeven, number]>([
  ['data', 255],
  ['ignore', 254],
])('NUL bytes are dropped after bit 7 was handled as %s', (bitSeven, count) => {
  expect(cleanReceived(every, { bitSeven, skipsNul: true })).toHaveLength(count);
});
