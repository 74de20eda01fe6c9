/**
 * Filters that the hub rejects while it gives no other sign, such as those of a subdevice whose `online` it has not
 * handled yet: they are requested again without a new connection.
 */
import { expect, it } from 'vitest';
import { openSubscriptions } from './subscriptions-rig.ts';

const FILTER = 'pump/cmd';
const rejection = { kind: 'subscribed', filter: FILTER, answer: 'refused' } as const;

it('a rejected filter is requested again in the same connection, and is reported once', () => {
  const { subscriptions, filters, clock, reported } = openSubscriptions([FILTER], []);
  subscriptions.connected(true);
  for (let count = 0; count < 3; count += 1) {
    expect(filters.next(clock.nowMs())?.filter).toBe(FILTER);
    subscriptions.answered(rejection);
    expect(subscriptions.stateOf(FILTER)).toBe('refused');
    expect(filters.next(clock.nowMs())).toBeUndefined();
    clock.pass((filters.wakeAtMs(clock.nowMs()) ?? Number.NaN) - clock.nowMs());
  }
  expect(reported).toEqual([FILTER]);

  expect(filters.next(clock.nowMs())?.filter).toBe(FILTER);
  subscriptions.answered({ kind: 'subscribed', filter: FILTER, answer: 'granted' });
  expect(subscriptions.stateOf(FILTER)).toBe('granted');
  expect([...subscriptions.refused]).toEqual([]);
  expect(filters.wakeAtMs(clock.nowMs())).toBeUndefined();
});

it('a rejected filter that no subdevice wants any more is not requested again', () => {
  const { subscriptions, filters, clock } = openSubscriptions([], []);
  subscriptions.connected(true);
  subscriptions.request(FILTER);
  expect(filters.next(clock.nowMs())?.kind).toBe('subscribe');
  subscriptions.answered(rejection);
  subscriptions.release([FILTER]);
  expect(filters.next(clock.nowMs())?.kind).toBe('unsubscribe');
  subscriptions.unsubscribed(FILTER);
  expect(filters.wakeAtMs(clock.nowMs())).toBeUndefined();
});
