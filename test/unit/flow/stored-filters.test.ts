/**
 * A stored filter that no SUBSCRIBE or UNSUBSCRIBE can carry reaches no encoder, is reported, and delays no other
 * filter.
 */
import { describe, expect, it } from 'vitest';
import { encodeMqtt } from '../../../src/codec/mqtt-wire.ts';
import { openSubscriptions } from './subscriptions-rig.ts';

const TOO_LONG = 'x'.repeat(65_536);
const INVALID = [TOO_LONG, '', 'a\0', 'a+', '#/a', '\ud800'];

describe('an invalid filter in the store', () => {
  it.each([true, false])('is not subscribed, and is reported (session present: %s)', (sessionPresent) => {
    const { subscriptions, reported, asked } = openSubscriptions([...INVALID, 'good'], []);
    subscriptions.connected(sessionPresent);
    expect(asked()).toEqual(['subscribe good']);
    expect(reported.toSorted()).toEqual(INVALID.map((filter) => filter.slice(0, 200)).toSorted());
    for (const filter of INVALID) expect(subscriptions.stateOf(filter)).toBe('refused');
    subscriptions.renew(INVALID);
    subscriptions.retry(INVALID);
    expect(asked()).toEqual([]);
  });

  it('is not unsubscribed if it counts as granted', () => {
    const { subscriptions, asked } = openSubscriptions([], [...INVALID, 'old']);
    subscriptions.connected(true);
    subscriptions.release(INVALID);
    expect(asked()).toEqual(['unsubscribe old']);
  });

  it('negative control: the encoder throws on it', () => {
    const subscriptions = [{ filter: TOO_LONG, qos: 1 as const }];
    expect(() => encodeMqtt({ kind: 'subscribe', packetId: 1, subscriptions })).toThrow();
    expect(() => encodeMqtt({ kind: 'unsubscribe', packetId: 1, filters: [TOO_LONG] })).toThrow();
  });
});
