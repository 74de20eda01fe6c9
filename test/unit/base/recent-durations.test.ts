/** Median and tail of the newest durations. */
import { expect, it } from 'vitest';
import { RecentDurations } from '../../../src/base/recent-durations.ts';

it('are those of the newest ones, up to the bound', () => {
  const recent = new RecentDurations(100);
  expect(recent.quantiles(0.5)).toBeUndefined();
  recent.add(7);
  expect(recent.quantiles(0.5, 0.99)).toEqual([7, 7]);
  for (let ms = 1; ms <= 99; ms += 1) recent.add(ms);
  expect([recent.size, recent.quantiles(0.5, 0.99, 1)]).toEqual([100, [49, 98, 99]]);
  recent.add(500); // the first one is dropped
  expect([recent.size, recent.quantiles(0.5, 0.99, 1)]).toEqual([100, [50, 99, 500]]);
});
