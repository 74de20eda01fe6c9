/** Subscriptions that are rejected because of the hub's limit, and the condition that reports them. */
import { describe, expect, it } from 'vitest';
import { newFacts } from '../../../../src/base/events.ts';
import { FilterRequests } from '../../../../src/flow/filter-requests.ts';
import { HubSubscriptions } from '../../../../src/flow/subscriptions.ts';
import { HubServices } from '../../../../src/hub/gateway/hub-service.ts';
import { HubSessionState } from '../../../../src/hub/session/session-state.ts';
import { rejectedConditions } from '../../../../src/ops/conditions/rejected-filters.ts';
import { PoisonDetector } from '../../../../src/outbox/poison-detector.ts';
import { SubdeviceRegistry } from '../../../../src/subdevices/registry.ts';
import { STAMP } from '../../custody/custody-rig.ts';
import { CommitBench, StepClock } from '../../flow/flow-rig.ts';

const SESSION = { expected: false, connected: false, changedAt: undefined, owner: 0, lostCount: 0 };

function setUp(subscriptionsMax: number) {
  const registry = new SubdeviceRegistry({ subdevices: [], subscriptions: [], topicIds: [] });
  const facts = newFacts();
  const refused: string[] = [];
  facts.on('subscriptionRefused', ({ subdevice, filter, reason }) => refused.push(`${subdevice} ${filter}: ${reason}`));
  const subscriptions = new HubSubscriptions({
    ...{ facts, registry, subscriptionsMax, stamp: () => STAMP, send: () => undefined, clock: new StepClock() },
    session: new HubSessionState(SESSION, [], 1),
    committer: new CommitBench().committer,
    services: new HubServices([]),
    filters: new FilterRequests(new PoisonDetector(3)),
  });
  const { subdevice } = registry.enter('pump', 'link');
  return { registry, subscriptions, refused, subscribe: (filter: string) => registry.subscribe(subdevice, filter, 1) };
}

describe('the limit of subscriptions', () => {
  it('is counted, and a rejected subdevice is named', () => {
    const { subscriptions, subscribe, refused } = setUp(2);
    subscribe('a');
    expect(subscriptions.hasRoom()).toBe(true);
    subscribe('b');
    expect(subscriptions.hasRoom()).toBe(false);
    subscriptions.reject('valve', 'c');
    subscriptions.reject('valve', 'c');
    expect(subscriptions.status).toEqual({ wanted: 2, max: 2, rejected: [{ subdevice: 'valve', filter: 'c' }] });
    expect(refused).toEqual(['valve c: all 2 filters that the hub allows are in use']);
    const [condition] = rejectedConditions({ filters: subscriptions.status }, 0);
    expect(condition).toMatchObject({ code: 'hub-subscriptions-full', losing: 'at risk' });
    expect(condition?.sentence).toBe('2 of 2 subscriptions that the hub allows are in use: c of valve was rejected.');
  });

  it('is reported until the rejected subdevice unsubscribes or leaves', () => {
    const { subscriptions } = setUp(1);
    for (const filter of ['c', 'd']) subscriptions.reject('valve', filter);
    subscriptions.reject('meter', 'e');
    subscriptions.forget('valve', 'c');
    expect(subscriptions.status.rejected.map(({ filter }) => filter)).toEqual(['d', 'e']);
    subscriptions.forget('valve');
    expect(subscriptions.status.rejected.map(({ filter }) => filter)).toEqual(['e']);
  });

  it('remembers a bounded number of rejected filters', () => {
    const { subscriptions } = setUp(1);
    for (let count = 0; count < 500; count += 1) subscriptions.reject('valve', `${count}`);
    expect(subscriptions.status.rejected).toHaveLength(100);
  });

  it('is unlimited if the hub has no limit', () => {
    const { subscriptions, subscribe } = setUp(0);
    for (let count = 0; count < 500; count += 1) subscribe(`${count}`);
    expect(subscriptions.hasRoom()).toBe(true);
  });
});
