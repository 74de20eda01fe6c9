/** Subscriptions at a hub without a connection: the test answers each request. */
import { newFacts } from '../../../src/base/events.ts';
import { FilterRequests } from '../../../src/flow/filter-requests.ts';
import { HubSubscriptions } from '../../../src/flow/subscriptions.ts';
import { HubServices } from '../../../src/hub/gateway/hub-service.ts';
import { HubSessionState } from '../../../src/hub/session/session-state.ts';
import { PoisonDetector } from '../../../src/outbox/poison-detector.ts';
import { SubdeviceRegistry } from '../../../src/subdevices/registry.ts';
import { STAMP } from '../custody/custody-rig.ts';
import { CommitBench, StepClock } from './flow-rig.ts';

const SESSION = { expected: true, connected: false, changedAt: undefined, owner: 1, lostCount: 0 };

/** @param wanted filters of the subdevice `pump`; @param granted filters that the store has as granted */
export function openSubscriptions(wanted: readonly string[], granted: readonly string[]) {
  const registry = new SubdeviceRegistry({ subdevices: [], subscriptions: [], topicIds: [] });
  const { subdevice } = registry.enter('pump', 'link');
  for (const filter of wanted) registry.subscribe(subdevice, filter, 1);
  const facts = newFacts();
  const reported: string[] = [];
  facts.on('subscriptionRefused', ({ filter }) => reported.push(filter));
  const clock = new StepClock();
  const filters = new FilterRequests(new PoisonDetector(3));
  const subscriptions = new HubSubscriptions({
    ...{ facts, registry, filters, subscriptionsMax: 0, stamp: () => STAMP, send: () => undefined },
    clock,
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
  return { subscriptions, filters, clock, reported, asked };
}
