/** Selectors of messages: decoding, wrong names, ages that are lower bounds. */
import { describe, expect, it } from 'vitest';
import type { Fault } from '../../../../src/base/fault.ts';
import {
  resolveSelector,
  SELECTED_MAX,
  selectorIn,
  selectorInQuery,
  selectorQuery,
} from '../../../../src/ops/queues/message-selector.ts';

const KNOWN = [
  { id: 'meter-1', lane: 1 },
  { id: 'pump-2', lane: 2 },
];

function faultOf(act: () => unknown): Fault {
  try {
    act();
  } catch (error) {
    return error as Fault;
  }
  throw new Error('no fault');
}

describe('a selector', () => {
  it('has the same meaning after its way through a query string', () => {
    const selector = {
      subdevices: ['meter-1'],
      topics: ['a/+/b', '#'],
      numbers: [7, 8],
      olderThanMs: 5,
      newerThanMs: 9,
    };
    expect(selectorInQuery(new URLSearchParams(selectorQuery(selector)))).toEqual(selector);
    expect(selectorInQuery(new URLSearchParams(''))).toEqual({});
  });

  it('with an unknown subdevice is rejected, with the nearest id', () => {
    expect(faultOf(() => resolveSelector({ subdevices: ['meter1'] }, KNOWN)).hint).toContain('Did you mean meter-1?');
    expect(faultOf(() => resolveSelector({ subdevices: ['x'] }, KNOWN)).hint).toBe('holdfast subdevices lists them.');
  });

  it('with an invalid filter is rejected', () => {
    expect(faultOf(() => resolveSelector({ topics: ['a/#/b'] }, KNOWN)).message).toContain('last level');
  });

  it.each([SELECTED_MAX - 1, SELECTED_MAX])('may name %i messages', (count) => {
    const numbers = Array.from({ length: count }, (_, index) => index + 1);
    expect(selectorIn({ numbers }).numbers).toHaveLength(count);
  });

  it.each<[string, unknown]>([
    ['numbers', Array.from({ length: SELECTED_MAX + 1 }, (_, index) => index + 1)],
    ['numbers', []],
    ['numbers', [0]],
    ['topics', ['']],
    ['subdevices', 'a'],
    ['olderThanMs', -1],
  ])('with invalid %s is rejected: %j', (name, value) => {
    expect(faultOf(() => selectorIn({ [name]: value })).code).toBe('command-rejected');
  });

  it('takes an age that is a lower bound as proof that a message is old, and never that it is new', () => {
    const { fits: isOld } = resolveSelector({ olderThanMs: 100 }, KNOWN);
    const { fits: isNew } = resolveSelector({ newerThanMs: 100 }, KNOWN);
    expect([99, 100].map((ms) => isOld({ ms, quality: 'at_least' }))).toEqual([false, true]);
    expect([99, 100].map((ms) => isNew({ ms, quality: 'exact' }))).toEqual([true, false]);
    expect(isNew({ ms: 1, quality: 'at_least' })).toBe(false);
  });
});
