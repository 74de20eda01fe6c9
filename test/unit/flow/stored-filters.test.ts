/**
 * A stored filter that no SUBSCRIBE or UNSUBSCRIBE can carry reaches no encoder, is reported, and delays no other
 * filter.
 */
import { describe, expect, it } from 'vitest';
import { newFacts } from '../../../src/base/events.ts';
import { encodeMqtt } from '../../../src/codec/mqtt-wire.ts';
import { FilterRequests } from '../../../src/flow/filter-requests.ts';
import { HubSubscriptions } from '../../../src/flow/subscriptions.ts';
import { HubServices } from '../../../src/hub/gateway/hub-service.ts';
import { HubSessionState } from '../../../src/hub/session/session-state.ts';
import { PoisonDetector } from '../../../src/outbox/poison-detector.ts';
import { SubdeviceRegistry } from '../../../src/subdevices/registry.ts';
import { STAMP } from '../custody/custody-rig.ts';
import { CommitBench, StepClock } from './flow-rig.ts';

const SESSION = { expected: true, connected: false, changedAt: undefined, owner: 1, lostCount: 0 };
const TOO_LONG = 'x'.repeat(65_536);
const INVALID = [TOO_LONG, '', 'a\0', 'a+', '#/a', '\ud800'];

function setUp(wanted: readonly string[], granted: readonly string[]) {
  const registry = new SubdeviceRegistry({ subdevices: [], subscriptions: [], topicIds: [] });
  const { subdevice } = registry.enter('pump', 'link');
  for (const filter of wanted) registry.subscribe(subdevice, filter, 1);
  const facts = newFacts();
  const reported: string[] = [];
  facts.on('subscriptionRefused', ({ filter }) => reported.push(filter));
  const filters = new FilterRequests(new PoisonDetector(3));
  const subscriptions = new HubSubscriptions({
    ...{ facts, registry, filters, subscriptionsMax: 0, stamp: () => STAMP, send: () => undefined },
    clock: new StepClock(),
    session: new HubSessionState(SESSION, granted, 1),
    committer: new CommitBench().committer,
    services: new HubServices([]),
  });
  const asked = () => {
    const requests: string[] = [];
    for (let one = filters.next(0); one !== undefined; one = filters.next(0)) {
      requests.push(`${one.kind} ${one.filter}`);
      filters.answered(one.kind, one.filter);
    }
    return requests;
  };
  return { subscriptions, reported, asked };
}

describe('an invalid filter in the store', () => {
  it.each([true, false])('is not subscribed, and is reported (session present: %s)', (sessionPresent) => {
    const { subscriptions, reported, asked } = setUp([...INVALID, 'good'], []);
    subscriptions.connected(sessionPresent);
    expect(asked()).toEqual(['subscribe good']);
    expect(reported.toSorted()).toEqual(INVALID.map((filter) => filter.slice(0, 200)).toSorted());
    for (const filter of INVALID) expect(subscriptions.stateOf(filter)).toBe('refused');
    subscriptions.renew(INVALID);
    subscriptions.retry(INVALID);
    expect(asked()).toEqual([]);
  });

  it('is not unsubscribed if it counts as granted', () => {
    const { subscriptions, asked } = setUp([], [...INVALID, 'old']);
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
