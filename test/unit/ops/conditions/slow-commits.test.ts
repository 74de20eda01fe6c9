/** Condition for slow commits: the bound of 2 s, and its end after a minute without another commit. */
import { expect, it } from 'vitest';
import { slowCommitConditions } from '../../../../src/ops/conditions/slow-commits.ts';

const codes = (runningMs: number | undefined, last?: { ms: number; agoMs: number }): string[] =>
  slowCommitConditions({ runningMs, last }).map(({ code }) => code);

it('is raised from 2 s on, while the commit runs and after it', () => {
  expect([codes(1999), codes(2000), codes(2001)]).toEqual([[], ['store-slow'], ['store-slow']]);
  expect(codes(undefined, { ms: 1999, agoMs: 0 })).toEqual([]);
  expect(codes(undefined, { ms: 2000, agoMs: 0 })).toEqual(['store-slow']);
  expect(codes(0, undefined)).toEqual([]);
});

it('is over a minute after the slow commit, if no other followed', () => {
  expect(codes(undefined, { ms: 3000, agoMs: 59_999 })).toEqual(['store-slow']);
  expect(codes(undefined, { ms: 3000, agoMs: 60_000 })).toEqual([]);
});
