import { expect, it } from 'vitest';
import { Rate } from '../../../../src/ops/reports/rate.ts';

it('a rate is correct from the first sample on', () => {
  const rate = new Rate(100, 0);
  expect(rate.perS).toBe(0);
  rate.sample(120, 1000);
  expect(rate.perS).toBeCloseTo(20);
  rate.sample(140, 2000);
  expect(rate.perS).toBeCloseTo(20);
});

it('a rate follows changes slowly', () => {
  const rate = new Rate(0, 0);
  for (let second = 1; second <= 60; second += 1) rate.sample(second * 10, second * 1000);
  rate.sample(600, 61_000);
  expect(rate.perS).toBeGreaterThan(8);
  for (let second = 62; second <= 180; second += 1) rate.sample(600, second * 1000);
  expect(rate.perS).toBe(0);
});
