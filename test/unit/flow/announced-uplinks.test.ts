/** Lanes that wait for an announcement: only those of subdevices with an identity, at a hub with gateway operations. */
import { expect, it } from 'vitest';
import { alarmLaneOf } from '../../../src/custody/lane-number.ts';
import { AnnouncedUplinks, type AnnouncedUplinksOptions } from '../../../src/flow/announced-uplinks.ts';
import { SubdeviceRegistry } from '../../../src/subdevices/registry.ts';
import { identityOf, OperationsBench } from '../hub/gateway/gateway-operations-rig.ts';
import { OutboxBench } from '../outbox/outbox-rig.ts';

function announced(options: Partial<AnnouncedUplinksOptions> = {}) {
  const registry = new SubdeviceRegistry({ subdevices: [], subscriptions: [], topicIds: [] });
  const { lane } = registry.enter('a', 'meters').subdevice;
  const { outbox } = new OutboxBench();
  const identity = identityOf('a');
  const uplinks = new AnnouncedUplinks({
    registry,
    operations: () => undefined,
    outbox: () => outbox,
    identityOf: () => identity,
    ownerOf: ({ deviceName }) => deviceName,
    ...options,
  });
  return { lane, outbox, identity, uplinks };
}

it('a lane waits for nothing at a hub without gateway operations', () => {
  const { lane, uplinks } = announced();
  expect([uplinks.mayPublish(lane), uplinks.isReady(lane)]).toEqual([true, true]);
});

it('a lane of a subdevice without an identity waits for nothing, and neither does a lane of no subdevice', () => {
  const { operations } = new OperationsBench([]).connect();
  const { lane, uplinks } = announced({ operations: () => operations, identityOf: () => undefined });
  expect([uplinks.mayPublish(lane), uplinks.isReady(lane), uplinks.mayPublish(99)]).toEqual([true, true, true]);
});

it('both lanes of a subdevice wait for its announcement, and a report requests none', () => {
  const bench = new OperationsBench(['a']).listed('a');
  const { lane, uplinks } = announced({ operations: () => bench.operations });
  bench.uplinks.add('a');
  expect([uplinks.isReady(lane), bench.asked()]).toEqual([false, []]);
  expect([uplinks.mayPublish(alarmLaneOf(lane)), bench.asked()]).toEqual([false, ['online a']]);
  bench.answer('online', 'a');
  expect([lane, alarmLaneOf(lane)].map(uplinks.mayPublish)).toEqual([true, true]);
});

it('alarms count as uplinks of their subdevice; an unknown subdevice has none', () => {
  const { lane, outbox, identity, uplinks } = announced();
  expect(uplinks.hasUplinks(identity)).toBe(false);
  const message = { topic: 't', payload: new Uint8Array(1), qos: 1 } as const;
  const stamp = { epoch: 1, upMs: 0 };
  const terms = { overflow: 'reject', stamp, ackWaiter: undefined, holdMs: 200, commitMs: 100 } as const;
  outbox.admit({ lane: alarmLaneOf(lane), message, ...terms }, 0);
  expect([uplinks.hasUplinks(identity), uplinks.hasUplinks(identityOf('b'))]).toEqual([true, false]);
});
