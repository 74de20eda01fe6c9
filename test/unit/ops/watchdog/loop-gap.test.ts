/** Gap of the event loop: reported once, with its length, and only if it is long. */
import { expect, it } from 'vitest';
import { LoopGap } from '../../../../src/ops/watchdog/loop-gap.ts';

it('reports a time without a look once, and ordinary delays never', () => {
  const gap = new LoopGap(1000);
  expect([2000, 5500, 30_500, 31_500].map((nowMs) => gap.look(nowMs))).toEqual([
    undefined,
    undefined,
    25_000,
    undefined,
  ]);
});
