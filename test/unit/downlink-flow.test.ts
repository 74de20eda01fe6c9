import { describe, expect, it } from 'vitest';
import { newFacts } from '../../src/base/events.ts';
import type { Message } from '../../src/base/message.ts';
import type { DriverOrder } from '../../src/driver/driver.ts';
import { DownlinkFlow } from '../../src/flow/downlink.ts';
import type { Links } from '../../src/flow/links.ts';
import { Mailbox } from '../../src/flow/mailbox.ts';
import type { Pager } from '../../src/flow/pager.ts';
import type { HubInput } from '../../src/hub/contract.ts';
import { Inbox } from '../../src/session/inbox.ts';
import { Mirror, NOBODY } from '../../src/session/mirror.ts';
import { topicMap } from '../../src/session/topic-map.ts';
import { BenchDisk, custodianOn, STAMP } from './custody-rig.ts';
import { StepClock } from './flow-rig.ts';

type Deliver = Extract<DriverOrder, { kind: 'deliver' }>;

const LIMITS = { messagesMax: 150, overflow: 'drop-oldest', replayIntervalMs: 0, holdMs: 200, commitMs: 100 } as const;

/** The flow with a real inbox, custody and mirror; the links, the hub and the disk are the test's. */
class FlowBench {
  readonly clock = new StepClock();
  readonly disk = new BenchDisk();
  readonly mirror = new Mirror({ subdevices: [], subscriptions: [], topicIds: [] });
  readonly custodian = custodianOn(this.disk, {
    direction: 'downlink',
    windowMax: 64,
    safe: (_, owed) => this.flow.safe(owed),
  });
  readonly inbox = new Inbox(LIMITS, this.custodian);
  readonly #orders: HubInput[] = [];
  readonly #deliveries: Deliver[] = [];
  readonly flow: DownlinkFlow;

  constructor() {
    const links: Pick<Links, 'order'> = {
      order: (_, order) => {
        if (order.kind === 'deliver') this.#deliveries.push(order);
      },
    };
    const pager: Pick<Pager, 'turn'> = { turn: () => {} };
    this.flow = new DownlinkFlow({
      clock: this.clock,
      mailbox: new Mailbox((error) => {
        throw error;
      }),
      stamp: () => STAMP,
      facts: newFacts(),
      mirror: this.mirror,
      inbox: this.inbox,
      links: () => links as Links,
      pager: () => pager as Pager,
      topicsOf: (subdevice) =>
        topicMap('{subdevice}/{topic}', { gateway: 'gw', subdevice, productId: undefined, deviceName: undefined }),
      order: (order) => this.#orders.push(order),
      isExpired: undefined,
    });
    this.flow.hubConnected(true);
  }

  /** A subdevice that subscribed to `filter`. */
  enter(id: string, isAttached = true, filter = '#'): this {
    const { subdevice } = this.mirror.enter(id, 'link');
    this.mirror.subscribe(subdevice, filter, 1);
    if (isAttached) this.inbox.attached(subdevice.lane, this.clock.nowMs());
    return this;
  }

  /** The hub sends. */
  arrive(packetId: number, text: string, message: Partial<Message> & { readonly dup?: boolean } = {}): this {
    const { dup = false, topic = 'pump/set', qos = 1 } = message;
    this.flow.arrived({ topic, payload: new TextEncoder().encode(text), qos }, dup, qos === 0 ? undefined : packetId);
    return this;
  }

  reconnect(sessionPresent = true): this {
    this.flow.hubLost();
    this.flow.hubConnected(sessionPresent);
    return this;
  }

  commit(): this {
    this.disk.letGo();
    this.disk.begin();
    for (const entry of this.disk.finish()) this.custodian.stored(entry);
    return this;
  }

  /** Packet identifiers acknowledged to the hub since the last look. */
  pubacks(): number[] {
    return this.#orders.splice(0).flatMap((order) => (order.kind === 'puback' ? [order.packetId] : []));
  }

  /** The hub's connection was ordered to close. */
  get isLeft(): boolean {
    return this.#orders.some((order) => order.kind === 'leave');
  }

  /** What the subdevices were handed since the last look; they acknowledge it all. */
  delivered(): string[] {
    const texts: string[] = [];
    for (let next = this.#deliveries.shift(); next !== undefined; next = this.#deliveries.shift()) {
      texts.push(new TextDecoder().decode(next.payload));
      this.flow.report({ kind: 'delivered', token: next.token });
    }
    return texts;
  }
}

describe('the PUBACK to the hub', () => {
  it('leaves when the message is committed, not before', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x');
    expect(bench.pubacks()).toEqual([]);
    expect(bench.commit().pubacks()).toEqual([1]);
  });

  it('leaves when the subdevice has acknowledged it, without a write', () => {
    const bench = new FlowBench().enter('pump').arrive(1, 'x');
    expect(bench.pubacks()).toEqual([]);
    expect(bench.delivered()).toEqual(['x']);
    expect(bench.pubacks()).toEqual([1]);
    expect(bench.commit().disk.rows.size).toBe(0);
  });

  it('leaves in the order of arrival, whatever is safe first [MQTT-4.6.0-2]', () => {
    const bench = new FlowBench().enter('pump', false, 'pump/#').enter('valve', true, 'valve/#');
    bench.arrive(1, 'slow').arrive(2, 'fast', { topic: 'valve/set' });
    expect([bench.delivered(), bench.pubacks()]).toEqual([['fast'], []]);
    expect(bench.commit().pubacks()).toEqual([1, 2]);
  });

  it('waits for the copies of all subscribers', () => {
    const bench = new FlowBench().enter('pump').enter('other', false).arrive(1, 'x');
    expect([bench.delivered(), bench.pubacks()]).toEqual([['x'], []]);
    expect(bench.commit().pubacks()).toEqual([1]);
  });

  it('leaves at once for what nobody subscribed to, which is counted', () => {
    const bench = new FlowBench().arrive(1, 'x');
    expect(bench.pubacks()).toEqual([1]);
    expect(bench.custodian.counts(NOBODY).shed).toEqual({ 'no subscriber': 1 });
  });

  it('of an answer to ourselves has its place in the order', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x');
    bench.flow.consumed(2);
    bench.flow.consumed(undefined);
    expect(bench.pubacks()).toEqual([]);
    expect(bench.commit().pubacks()).toEqual([1, 2]);
  });

  it('is not sent into a new connection for what arrived in an old one', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').reconnect().commit();
    expect(bench.pubacks()).toEqual([]);
  });
});

describe('a message that the hub sends again', () => {
  it('because it had no PUBACK is recognised, and acknowledged at once if it is safe by now', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').reconnect().commit();
    expect(bench.arrive(1, 'x', { dup: true }).pubacks()).toEqual([1]);
    expect(bench.custodian.pending).toBe(1);
  });

  it('is recognised before it is safe, and acknowledged when it is', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').reconnect().arrive(1, 'x', { dup: true });
    expect([bench.pubacks(), bench.custodian.pending]).toEqual([[], 1]);
    expect(bench.commit().pubacks()).toEqual([1]);
  });

  it('is recognised over a connection in which it did not come', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').reconnect().reconnect();
    expect(bench.arrive(1, 'x', { dup: true }).custodian.pending).toBe(1);
  });

  it.each([
    ['without DUP', { dup: false }, 'x'],
    ['with other bytes', { dup: true }, 'y'],
    ['with another topic', { dup: true, topic: 'pump/other' }, 'x'],
  ])('%s is a fresh one with a reused identifier', (_what, message, text) => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').reconnect().arrive(1, text, message);
    expect(bench.custodian.pending).toBe(2);
  });

  it('after its PUBACK has left counts as fresh: it may be another one that never reached us', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').commit();
    expect(bench.pubacks()).toEqual([1]);
    expect(bench.reconnect().arrive(1, 'x', { dup: true }).custodian.pending).toBe(2);
  });

  it('in a session that is not the old one is fresh', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').reconnect(false).arrive(1, 'x', { dup: true });
    expect(bench.custodian.pending).toBe(2);
  });

  it('with DUP in the same connection is fresh: nothing there was repeated', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').arrive(1, 'x', { dup: true });
    expect(bench.custodian.pending).toBe(2);
  });
});

it('a hub that never waits for a PUBACK is left', () => {
  const bench = new FlowBench();
  for (let lane = 0; lane < 8; lane += 1) bench.enter(`pump-${lane}`, false, `pump-${lane}/#`);
  const arrive = (packetId: number) => bench.arrive(packetId, 'x', { topic: `pump-${packetId % 8}/set` });
  for (let packetId = 1; packetId <= 1024; packetId += 1) arrive(packetId);
  expect(bench.isLeft).toBe(false);
  arrive(1025);
  expect(bench.isLeft).toBe(true);
});

it('QoS 0 is handed to those who are there and acknowledged to nobody', () => {
  const bench = new FlowBench().enter('pump').arrive(0, 'x', { qos: 0 });
  expect([bench.delivered(), bench.pubacks(), bench.disk.gathered]).toEqual([['x'], [], []]);
});
