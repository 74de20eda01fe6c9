/** First bytes of a connection: bounded, and kept until the next connection has bytes of its own. */
import { expect, it } from 'vitest';
import { FirstBytes } from '../../../src/recorder/first-bytes.ts';

it('has the first 16 bytes of a connection, and not those after', () => {
  const first = new FirstBytes();
  for (const length of [10, 5, 3, 9]) first.add(new Uint8Array(length).fill(length));
  expect([...first.bytes]).toEqual([...Array(10).fill(10), ...Array(5).fill(5), 3]);
});

it('begins again with the first bytes after an opening', () => {
  const first = new FirstBytes();
  first.add(Uint8Array.of(1, 2));
  first.restart();
  expect([...first.bytes]).toEqual([1, 2]);
  first.add(Uint8Array.of(3));
  first.add(Uint8Array.of(4));
  expect([...first.bytes]).toEqual([3, 4]);
});
