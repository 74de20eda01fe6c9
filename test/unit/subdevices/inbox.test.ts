import { describe, expect, it } from 'vitest';
import type { Custodian } from '../../../src/custody/custodian.ts';
import { EarlierSendings } from '../../../src/custody/earlier-sendings.ts';
import { shedEntries } from '../../../src/custody/ledger.ts';
import type { Delivery } from '../../../src/subdevices/delivery-state.ts';
import { Inbox, type InboxLimits } from '../../../src/subdevices/inbox.ts';
import { BenchDisk, custodianOn, STAMP, uplink } from '../custody/custody-rig.ts';

const LIMITS: InboxLimits = {
  messagesMax: 150,
  overflow: 'drop-oldest',
  replayIntervalMs: 500,
  holdMs: 200,
  commitMs: 100,
};
const LANE = 1;

class InboxBench {
  readonly disk: BenchDisk;
  readonly custodian: Custodian;
  readonly inbox: Inbox;
  /** Topics of the messages that may be acknowledged to the hub. */
  readonly safe: string[] = [];
  nowMs = 0;

  constructor(limits: Partial<InboxLimits> = {}, earlier?: BenchDisk) {
    this.disk = earlier ?? new BenchDisk();
    const nextSeq = earlier === undefined ? 1 : 5000;
    this.custodian = custodianOn(this.disk, { windowMax: 64, nextSeq });
    this.inbox = new Inbox({ ...LIMITS, ...limits }, this.custodian, new EarlierSendings(nextSeq, 100));
  }

  admit(...topics: string[]): this {
    for (const topic of topics)
      this.inbox.admit(LANE, uplink(topic), {
        stamp: STAMP,
        ackWaiter: { safe: () => void this.safe.push(topic) },
        nowMs: this.nowMs,
      });
    return this;
  }

  commit(): this {
    this.disk.flushHeld();
    this.disk.begin();
    for (const entry of this.disk.finish()) this.custodian.stored(entry);
    return this;
  }

  page(): void {
    for (let wanted = this.custodian.wanted(); wanted.size > 0; wanted = this.custodian.wanted())
      this.inbox.loaded(wanted, this.disk.page(wanted, 100));
  }

  attach(): this {
    this.inbox.attached(LANE, this.nowMs);
    return this;
  }

  next(): Delivery | undefined {
    return this.inbox.next(LANE, this.nowMs);
  }

  /** Delivers everything that can be delivered now. */
  take(): string[] {
    const topics: string[] = [];
    for (let delivery = this.next(); delivery !== undefined; delivery = this.next()) {
      topics.push(delivery.message.topic);
      this.inbox.delivered(delivery);
    }
    return topics;
  }

  get shed(): Record<string, number> {
    return Object.fromEntries(shedEntries(this.custodian.counts(LANE)));
  }
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => `${index + 1}`);

describe('the inbox of a subdevice', () => {
  it('delivers one at a time, in the order of arrival', () => {
    const bench = new InboxBench().attach().admit('a', 'b');
    const first = bench.next();
    expect([first?.message.topic, bench.next()]).toEqual(['a', undefined]);
    if (first !== undefined) bench.inbox.delivered(first);
    expect(bench.take()).toEqual(['b']);
  });

  it('delivers nothing while the subdevice is away', () => {
    expect(new InboxBench().admit('a').next()).toBeUndefined();
  });

  it.each([
    ['drop-oldest', '3', '152'],
    ['drop-newest', '1', '150'],
  ] as const)('keeps 150; with %s the rest begins with %s and ends with %s', (overflow, first, last) => {
    const bench = new InboxBench({ overflow, replayIntervalMs: 0 }).admit(...numbers(152)).commit();
    expect([bench.custodian.pending, bench.shed]).toEqual([150, { [`overflow ${overflow}`]: 2 }]);
    const taken: string[] = [];
    bench.attach();
    for (let round = bench.take(); round.length > 0; round = bench.take()) {
      taken.push(...round);
      bench.page();
    }
    expect([taken.length, taken[0], taken.at(-1)]).toEqual([150, first, last]);
    expect(bench.custodian.imbalance()).toBe(0);
  });

  it('delivers waiting messages 500 ms apart, and live messages after them without a pause', () => {
    const bench = new InboxBench().admit('1', '2', '3').commit().attach();
    expect(bench.take()).toEqual(['1']);
    bench.admit('live 1', 'live 2');
    expect(bench.inbox.wakeAtMs(bench.nowMs)).toBe(500);
    bench.nowMs = 499;
    expect(bench.take()).toEqual([]);
    bench.nowMs = 500;
    expect(bench.take()).toEqual(['2']);
    bench.nowMs = 1000;
    expect(bench.take()).toEqual(['3', 'live 1', 'live 2']);
  });

  it('marks as DUP a message that was delivered before and not acknowledged', () => {
    const bench = new InboxBench().attach().admit('a');
    const first = bench.next();
    if (first !== undefined) bench.inbox.undelivered(first, 'lost');
    expect([first?.dup, bench.next()?.dup]).toEqual([false, true]);
  });

  it('keeps the delivery in progress when the subdevice attaches again, and ignores a late report', () => {
    const bench = new InboxBench({ messagesMax: 1, replayIntervalMs: 0 }).attach().admit('a');
    const old = bench.next();
    bench.attach();
    const again = bench.next();
    expect(again?.entry).toBe(old?.entry);
    if (old !== undefined) bench.inbox.undelivered(old, 'lost');
    expect(again?.entry?.inFlight).toBe(true);
    bench.admit('b');
    expect(bench.shed).toEqual({ 'overflow drop-newest': 1 });
  });

  it.each([
    ['refused', 'refused by the subdevice'],
    ['too large', 'too large for the link'],
  ] as const)('sheds a message that the subdevice can never accept (%s), and continues', (why, reason) => {
    const bench = new InboxBench().attach().admit('a', 'b');
    const first = bench.next();
    if (first !== undefined) bench.inbox.undelivered(first, why);
    expect([bench.shed, bench.take()]).toEqual([{ [reason]: 1 }, ['b']]);
  });

  it('holds in RAM only for an attached subdevice without waiting messages', () => {
    const bench = new InboxBench().admit('away');
    expect([bench.disk.held.length, bench.disk.enqueued.length]).toEqual([0, 1]);
    const near = new InboxBench().attach().admit('a', 'b');
    expect([near.disk.held.length, near.disk.enqueued.length]).toEqual([2, 0]);
    const back = new InboxBench().admit('while away').attach().admit('behind the replay');
    expect([back.disk.held.length, back.disk.enqueued.length]).toEqual([0, 2]);
  });
});

describe('more downlinks at once than fit in the inbox of a subdevice that is away', () => {
  const NEWEST = numbers(2000).slice(-150);

  /** All waiting messages, in the order of their delivery. */
  function takeAll(bench: InboxBench): string[] {
    const taken: string[] = [];
    for (let round = bench.attach().take(); round.length > 0; round = bench.take()) {
      taken.push(...round);
      bench.page();
    }
    return taken;
  }

  it.each([
    { what: 'while the disk answers nothing', commitEvery: 0, pageEvery: 0 },
    { what: 'while pages are slower than commits', commitEvery: 10, pageEvery: 100 },
    { what: 'while commits are slower than pages', commitEvery: 100, pageEvery: 10 },
    { what: 'with a page after each commit', commitEvery: 50, pageEvery: 50 },
  ])('the newest are kept $what, and the others are counted as the oldest', ({ commitEvery, pageEvery }) => {
    const bench = new InboxBench({ replayIntervalMs: 0 });
    for (const [index, number] of numbers(2000).entries()) {
      bench.admit(number);
      if (index === 150 || (commitEvery > 0 && index % commitEvery === 0)) bench.commit();
      if (pageEvery > 0 && index % pageEvery === 0) bench.page();
    }
    bench.commit().page();
    expect([bench.inbox.pending(LANE), bench.inbox.excess]).toEqual([150, 0]);
    expect(bench.shed).toEqual({ 'overflow drop-oldest': 1850 });
    expect(takeAll(bench)).toEqual(NEWEST);
    expect(bench.custodian.imbalance()).toBe(0);
  });

  it('each is acknowledged to the hub, and only after it is on the disk or shed', () => {
    const bench = new InboxBench().admit(...numbers(150)).commit();
    expect(bench.safe).toHaveLength(150);
    bench.admit(...numbers(1850));
    expect([bench.safe.length, bench.inbox.excess]).toEqual([150, 1850 - 64]);
    bench.commit();
    expect(bench.safe).toHaveLength(2000);
  });

  it('the newest are kept by a gateway that was killed before the oldest were removed', () => {
    const first = new InboxBench()
      .admit(...numbers(150))
      .commit()
      .admit(...numbers(2000).slice(150))
      .commit();
    const bench = new InboxBench({ replayIntervalMs: 0 }, first.disk);
    expect(bench.inbox.pending(LANE)).toBe(2000 - 64);
    bench.page();
    expect([bench.inbox.pending(LANE), bench.shed]).toEqual([150, { 'overflow drop-oldest': 1850 }]);
    expect(takeAll(bench)).toEqual(NEWEST);
    bench.commit();
    expect([bench.disk.rows.size, bench.disk.imbalance]).toEqual([0, 0]);
  });

  it('a message in delivery is not removed', () => {
    const bench = new InboxBench({ replayIntervalMs: 0 })
      .admit(...numbers(150))
      .commit()
      .attach();
    const delivery = bench.next();
    bench.admit(...numbers(2000).slice(150));
    bench.commit().page();
    if (delivery !== undefined) bench.inbox.delivered(delivery);
    expect([delivery?.message.topic, ...takeAll(bench)]).toEqual(['1', ...NEWEST.slice(1)]);
    expect(bench.custodian.counts(LANE)).toMatchObject({ delivered: 150, shed: { 'overflow drop-oldest': 1850 } });
  });
});

describe('QoS 0', () => {
  const qos0 = { topic: 'q', payload: new Uint8Array(1), qos: 0 } as const;

  it('is not stored, and not kept for a subdevice that is away', () => {
    const bench = new InboxBench();
    bench.inbox.offerQos0(LANE, qos0);
    expect([bench.shed, bench.custodian.pending]).toEqual([{ 'QoS 0 while the subdevice is away': 1 }, 0]);
  });

  it('is delivered, counted, and bounded', () => {
    const bench = new InboxBench().attach();
    for (let index = 0; index < 17; index += 1) bench.inbox.offerQos0(LANE, qos0);
    expect(bench.take()).toHaveLength(16);
    expect(bench.custodian.counts(LANE)).toMatchObject({ accepted: 17, delivered: 16, shed: { 'QoS 0 too fast': 1 } });
    expect(bench.disk.enqueued).toEqual([]);
  });

  it('that waits for a subdevice that leaves is shed', () => {
    const bench = new InboxBench().attach();
    bench.inbox.offerQos0(LANE, qos0);
    bench.inbox.detached(LANE, false);
    expect(bench.shed).toEqual({ 'QoS 0 while the subdevice is away': 1 });
  });
});

describe('the end of a clean session', () => {
  it('sheds and counts the waiting messages, also those that are only on disk', () => {
    const first = new InboxBench().admit(...numbers(100)).commit();
    const bench = new InboxBench({}, first.disk);
    bench.inbox.endSession(LANE);
    bench.page();
    expect([bench.shed, bench.custodian.pending]).toEqual([{ 'session ended': 100 }, 0]);
    expect(bench.custodian.imbalance()).toBe(0);
  });

  it('does not affect messages of the next session', () => {
    const bench = new InboxBench().attach().admit('old');
    bench.inbox.detached(LANE, true);
    bench.attach().admit('new');
    expect([bench.shed, bench.take()]).toEqual([{ 'session ended': 1 }, ['new']]);
  });

  it('acknowledges them to the hub, since they are no longer in custody', () => {
    const bench = new InboxBench().admit('a');
    expect(bench.safe).toEqual([]);
    bench.inbox.endSession(LANE);
    expect(bench.safe).toEqual(['a']);
  });

  it('is not the end of a lasting session', () => {
    const bench = new InboxBench().attach().admit('a');
    bench.inbox.detached(LANE, false);
    expect([bench.shed, bench.inbox.pending(LANE)]).toEqual([{}, 1]);
  });
});

it('a message that is certainly too old is shed, but not during its delivery', () => {
  const bench = new InboxBench().attach().admit('a', 'b');
  const delivery = bench.next();
  expect(bench.inbox.expire(() => true)).toBe(0);
  if (delivery !== undefined) bench.inbox.undelivered(delivery, 'lost');
  expect([bench.inbox.expire(() => true), bench.shed]).toEqual([2, { expired: 2 }]);
});
