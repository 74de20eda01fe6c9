/** Test messages of an operator: bounded in rate, size and memory, and observed until the end of their custody. */
import { describe, expect, it } from 'vitest';
import type { Custodian } from '../../../src/custody/custodian.ts';
import { TestMessages, type TestRefusal } from '../../../src/flow/test-messages.ts';
import type { UplinkSender } from '../../../src/flow/uplink.ts';
import type { Admission, Offer } from '../../../src/outbox/outbox-contract.ts';
import { SubdeviceRegistry } from '../../../src/subdevices/registry.ts';
import { topicMap } from '../../../src/subdevices/topic-map.ts';
import { OutboxBench } from '../outbox/outbox-rig.ts';
import { StepClock } from './flow-rig.ts';

class TestBench {
  readonly clock = new StepClock();
  readonly outbox = new OutboxBench();
  readonly sessions: unknown[] = [];
  readonly messages: TestMessages;
  offer: Partial<Offer> & { readonly bytes?: number } = {};

  constructor() {
    const subdevices = [{ lane: 1, id: 'a', lasting: true, link: 'l' }];
    const registry = new SubdeviceRegistry({ subdevices, subscriptions: [], topicIds: [] });
    const names = (subdevice: string) => ({ gateway: 'gw', subdevice, productId: undefined, deviceName: undefined });
    this.messages = new TestMessages({
      clock: this.clock,
      registry,
      sessions: { addLazy: (changes) => this.sessions.push(...changes) },
      uplink: {
        offerFor: (subdevice, topic, _message, sender: UplinkSender): Admission =>
          this.outbox.offer(topic, { lane: subdevice.lane, ackWaiter: sender, ...this.offer }),
      },
      downlink: { offerTest: () => undefined },
      uplinks: this.outbox.custodian,
      downlinks: {} as Custodian,
      topicsOf: (subdevice) =>
        topicMap({ uplink: 'gw/{subdevice}/{topic}', downlink: 'gw/{subdevice}/{topic}' }, names(subdevice)),
      linkOf: (subdevice) => (subdevice === 'unknown' ? undefined : 'l'),
    });
  }

  send(subdevice = 'a', topic = 't', bytes = 1): number | TestRefusal {
    return this.messages.send({ way: 'uplink', subdevice, topic, payload: new Uint8Array(bytes) });
  }
}

describe('a test uplink', () => {
  it('is stored, sent and acknowledged, each at its time', () => {
    const bench = new TestBench();
    const id = bench.send();
    expect(bench.messages.report(Number(id))).toMatchObject({ topic: 'gw/a/t', safeMs: null, outcome: null });
    bench.clock.pass(7);
    bench.outbox.commit();
    expect(bench.messages.report(Number(id))).toMatchObject({ safeMs: 7, isStored: true, outcome: null });
    bench.clock.pass(5);
    for (const { packetId } of bench.outbox.connect().send()) bench.outbox.outbox.acknowledged(packetId);
    expect(bench.messages.report(Number(id))).toMatchObject({ endedMs: 12, outcome: 'delivered', reason: null });
  });

  it('that the hub has before the disk is not stored', () => {
    const bench = new TestBench();
    bench.outbox.connect();
    const id = bench.send();
    for (const { packetId } of bench.outbox.send()) bench.outbox.outbox.acknowledged(packetId);
    expect(bench.messages.report(Number(id))).toMatchObject({ isStored: false, outcome: 'delivered' });
  });

  it('that is too large for the hub is refused with the limit', () => {
    const bench = new TestBench();
    bench.offer = { bytes: 1001 };
    expect(bench.send()).toMatchObject({ what: expect.stringContaining('The hub would not accept the uplink') });
  });

  it('that leaves RAM with a long backlog is still observed', () => {
    const bench = new TestBench();
    for (let count = 0; count < 40; count += 1) bench.outbox.offer('old');
    const id = bench.send();
    bench.outbox.commit();
    bench.outbox.connect();
    for (let round = 0; round < 20; round += 1) {
      bench.outbox.page();
      for (const { packetId } of bench.outbox.send()) bench.outbox.outbox.acknowledged(packetId);
      bench.outbox.commit();
    }
    expect(bench.messages.report(Number(id))).toMatchObject({ outcome: 'delivered' });
  });

  it('of a configured subdevice that never connected creates its lane', () => {
    const bench = new TestBench();
    expect(bench.send('new')).toBe(1);
    expect(bench.sessions).toMatchObject([{ kind: 'subdevice', row: { id: 'new', link: 'l' } }]);
    expect(bench.send('unknown')).toMatchObject({ what: 'No link serves the subdevice "unknown"' });
  });
});

describe('the bounds of test messages', () => {
  it('are ten in ten seconds', () => {
    const bench = new TestBench();
    for (let count = 1; count <= 10; count += 1) expect(bench.send()).toBe(count);
    expect(bench.send()).toMatchObject({ what: expect.stringContaining('Too many test messages') });
    bench.clock.pass(9999);
    expect(bench.send()).toMatchObject({ what: expect.stringContaining('Too many test messages') });
    bench.clock.pass(1);
    expect(bench.send()).toBe(11);
  });

  it.each([
    [65_535, 1],
    [65_536, 1],
  ])('allow a payload of %i bytes', (bytes, id) => {
    expect(new TestBench().send('a', 't', bytes)).toBe(id);
  });

  it('refuse a payload of 65537 bytes', () => {
    expect(new TestBench().send('a', 't', 65_537)).toMatchObject({ what: 'The payload has 65537 bytes' });
  });

  it('keep the outcome of the newest sixteen', () => {
    const bench = new TestBench();
    for (let count = 0; count < 17; count += 1) {
      bench.clock.pass(2000);
      bench.send();
    }
    expect(bench.messages.report(1)).toBeUndefined();
    expect(bench.messages.report(2)).toBeDefined();
    expect(bench.messages.report(17)).toBeDefined();
  });
});
