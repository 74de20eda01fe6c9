/**
 * A hub with a false CONNACK: session present although the subscriptions are lost, or alternating values. Downlinks arrive
 * again within a bounded time, and nothing repeats without end.
 */
import { expect, it } from 'vitest';
import type { Gateway } from '../../src/app/gateway.ts';
import type { HubFaults } from '../../src/bench/hub/faults.ts';
import { FilterRequests } from '../../src/flow/filter-requests.ts';
import { drawScenario } from './scenario.ts';
import { World } from './world.ts';

const MINUTE_MS = 60_000;

interface Seen {
  connects: number;
  gaps: number;
}

/** World of four subdevices with uplinks and downlinks every few seconds, at an ordinary broker. */
async function openWorld(patch: (gateway: Gateway) => void = () => undefined) {
  const plain = drawScenario({ seed: 3, hours: 1, trouble: 0, subdevices: 4 });
  const rates = { uplinkEveryMs: 2000, downlinkEveryMs: 5000, qos0Share: 0, largeShare: 0 };
  const seen: Seen = { connects: 0, gaps: 0 };
  const world = new World(
    { ...plain, ...rates, profile: 'generic' },
    {
      patch: (gateway) => {
        patch(gateway);
        gateway.parts.facts.on('hubConnected', () => {
          seen.connects += 1;
        });
        gateway.parts.facts.on('possibleGap', () => {
          seen.gaps += 1;
        });
      },
    },
  );
  const pass = (ms: number): Promise<void> =>
    world.time.run(world.time.nowMs + ms, () => expect(world.complaints).toEqual([]));
  const set = (faults: Partial<HubFaults>): void => world.hub.fault({ kind: 'set', faults });
  await world.start(true);
  world.traffic.start();
  await pass(MINUTE_MS);
  const filters = world.hub.subscriptions(world.clientId).toSorted();
  expect(filters.length).toBeGreaterThan(3);
  const held = (): string[] => world.hub.subscriptions(world.clientId).toSorted();
  return { world, seen, pass, set, filters, held };
}

/** Drops the subscriptions and sends SessionPresent=1. @returns subscriptions of the hub two minutes later */
async function loseSubscriptions(patch?: (gateway: Gateway) => void) {
  const { world, pass, set, filters, held } = await openWorld(patch);
  set({ sessionPresentClaim: 'always' });
  world.hub.fault({ kind: 'forgetSession', clientId: world.clientId });
  await pass(2 * MINUTE_MS);
  const { gateway } = world;
  return {
    filters,
    held: held(),
    gap: gateway?.stations.sessionTracker.gap,
    lost: gateway?.stations.session.row.lostCount,
  };
}

it('a hub that lost the subscriptions and sends SessionPresent=1 gets them again, and no loss is reported without evidence', async () => {
  const { filters, held, gap, lost } = await loseSubscriptions();
  expect(held).toEqual(filters);
  expect([gap, lost]).toEqual([undefined, 0]);
});

it('negative control: it does not get them from a gateway that trusts SessionPresent', async () => {
  const { renew } = FilterRequests.prototype;
  FilterRequests.prototype.renew = () => undefined;
  const { held } = await loseSubscriptions().finally(() => {
    FilterRequests.prototype.renew = renew;
  });
  expect(held).toEqual([]);
});

it('alternating SessionPresent costs one connection per cut and no subscription, and the gap can be acknowledged', async () => {
  const { world, seen, pass, set, filters, held } = await openWorld();
  const before = seen.connects;
  for (let turn = 0; turn < 4; turn += 1) {
    set({ sessionPresentClaim: turn % 2 === 0 ? 'never' : 'always' });
    world.hub.fault({ kind: 'dropConnections' });
    await pass(3 * MINUTE_MS);
    expect(seen.connects).toBe(before + turn + 1);
  }
  expect(seen.gaps).toBe(2);
  expect(held()).toEqual(filters);
  expect(world.gateway?.stations.sessionTracker.gap?.reason).toBe('session lost');
  expect(world.gateway?.hub.client.takeovers(world.time.nowMs).times).toBe(0);
  world.gateway?.watch.settleGap();
  set({ sessionPresentClaim: 'truth' });
  world.hub.fault({ kind: 'dropConnections' });
  await pass(3 * MINUTE_MS);
  expect(world.gateway?.stations.sessionTracker.gap).toBeUndefined();
});
