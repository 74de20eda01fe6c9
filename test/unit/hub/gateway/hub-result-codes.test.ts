import { expect, it } from 'vitest';
import { isDone, meaningOf } from '../../../../src/hub/gateway/result-codes.ts';

const REFUSALS = [-1, -2, 801, 802, 803, 804, 805, 806, 807, 808, 810];

it.each(REFUSALS)('code %i has its own sentence and remedy', (code) => {
  const { sentence, remedy } = meaningOf(code);
  expect(sentence).toMatch(/^[^.]{8,}$/);
  expect(sentence).not.toContain('unknown code');
  expect(remedy).toMatch(/^[A-Z].{10,}\.$/);
});

it.each([1, -3, 700, 811, 65_536])('code %i, which is undocumented, is named and the request is repeated', (code) => {
  expect(meaningOf(code)).toMatchObject({ sentence: expect.stringContaining(`${code}`), isPassing: true });
  expect(meaningOf(code).remedy).not.toBeNull();
});

it('only an internal error of the hub and an expired signature are temporary', () => {
  expect(REFUSALS.filter((code) => meaningOf(code).isPassing)).toEqual([-2, 805]);
});

it('a state that exists already counts as success', () => {
  const verbs = ['online', 'offline', 'bind', 'unbind'] as const;
  const doneBy = (code: number) => verbs.filter((verb) => isDone(verb, code));
  expect(doneBy(0)).toEqual(verbs);
  expect(doneBy(809)).toEqual(['bind']);
  expect(doneBy(-1)).toEqual(['offline', 'unbind']);
  expect(doneBy(-2)).toEqual([]);
});
