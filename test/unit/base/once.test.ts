/** A value that is made at its first use. */
import { expect, it } from 'vitest';
import { once } from '../../../src/base/once.ts';

it('makes the value at the first call, and only once, also if it is undefined', () => {
  let calls = 0;
  const value = once(() => {
    calls += 1;
    return undefined;
  });
  expect(calls).toBe(0);
  expect([value(), value()]).toEqual([undefined, undefined]);
  expect(calls).toBe(1);
});
