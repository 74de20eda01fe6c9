/** DUP of downlinks that were sent to their subdevice before [MQTT-3.3.1-1]: over restarts, paging, operator holds and sleep. */
import { expect, it } from 'vitest';
import { EarlierSendings } from '../../../src/custody/earlier-sendings.ts';
import type { Delivery } from '../../../src/subdevices/delivery-state.ts';
import { Inbox } from '../../../src/subdevices/inbox.ts';
import { BenchDisk, custodianOn, STAMP, uplink } from '../custody/custody-rig.ts';

const LANE = 1;
const WINDOW = 4;
const ROWS_MAX = 6;
const LIMITS = { messagesMax: 150, overflow: 'drop-oldest', replayIntervalMs: 0, holdMs: 200, commitMs: 100 } as const;

class Downlinks {
  readonly disk: BenchDisk;
  readonly custodian;
  readonly inbox: Inbox;

  /** @param earlier disk of an earlier process */
  constructor(earlier?: BenchDisk) {
    this.disk = earlier ?? new BenchDisk();
    const nextSeq = earlier === undefined ? 1 : 5000;
    this.custodian = custodianOn(this.disk, { windowMax: WINDOW, nextSeq });
    this.inbox = new Inbox(LIMITS, this.custodian, new EarlierSendings(nextSeq, ROWS_MAX));
    this.page();
    this.inbox.attached(LANE, 0);
  }

  admit(...topics: string[]): this {
    const from = { stamp: STAMP, ackWaiter: { safe: () => undefined }, nowMs: 0 };
    for (const topic of topics) this.inbox.admit(LANE, uplink(topic), from);
    return this.commit();
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

  next(): Delivery {
    const delivery = this.inbox.next(LANE, 0);
    if (delivery === undefined) throw new Error('no delivery is due');
    return delivery;
  }

  /** Sends the next message, which the subdevice does not acknowledge. @returns topic and DUP */
  lose(): [string, boolean] {
    const delivery = this.next();
    this.inbox.undelivered(delivery, 'lost');
    return [delivery.message.topic, delivery.dup];
  }

  /** Delivers all messages. @returns their topics and DUP, in order */
  take(): [string, boolean][] {
    const taken: [string, boolean][] = [];
    for (let one = this.inbox.next(LANE, 0); one !== undefined; one = this.inbox.next(LANE, 0)) {
      taken.push([one.message.topic, one.dup]);
      this.inbox.delivered(one);
      this.page();
    }
    return taken;
  }

  setHold(...filters: string[]): void {
    const hold = { direction: 'downlink', subdevice: LANE, since: STAMP } as const;
    this.custodian.setHolds(
      filters.map((filter) => ({ ...hold, filter })),
      0,
    );
    this.commit(); // no row of a delivered message is on disk
    if (filters.length === 0) this.custodian.rewind(new Set());
    this.page();
  }
}

it('a message that may have been sent before a restart has DUP, and a later one of this process has not', () => {
  const first = new Downlinks().admit('a');
  expect(first.lose()).toEqual(['a', false]);
  expect(new Downlinks(first.disk).admit('a', 'new').take()).toEqual([
    ['a', true],
    ['a', false],
    ['new', false],
  ]);
});

it('so has one behind messages that were delivered, and whose deletion was lost in the crash', () => {
  const first = new Downlinks().admit('a', 'a', 'a');
  for (let delivered = 0; delivered < 2; delivered += 1) first.inbox.delivered(first.next());
  expect(first.lose()).toEqual(['a', false]);
  expect(new Downlinks(first.disk).take().map(([, dup]) => dup)).toEqual([true, true, true]);
});

it('the first rows of each topic have DUP after a restart, and no others, page by page', () => {
  const first = new Downlinks().admit(...Array<string>(10).fill('a'), 'b');
  const expected = Array.from({ length: 10 }, (_, place) => ['a', place < ROWS_MAX]);
  expect(new Downlinks(first.disk).take()).toEqual([...expected, ['b', true]]);
});

it('a message that was sent and is on hold at the start has DUP after the release', () => {
  const first = new Downlinks().admit('a', 'b');
  first.lose();
  const second = new Downlinks(first.disk);
  second.setHold('a');
  expect(second.take()).toEqual([['b', true]]);
  second.setHold();
  expect(second.take()).toEqual([['a', true]]);
});

it('a message that was sent and is parked by an operator hold has DUP after the release, in the same process', () => {
  const downlinks = new Downlinks().admit('a', 'b');
  expect(downlinks.lose()).toEqual(['a', false]);
  downlinks.setHold('a');
  expect(downlinks.take()).toEqual([['b', false]]);
  downlinks.setHold();
  expect(downlinks.take()).toEqual([['a', true]]);
});

it('so has one that was sent before its commit, and parked before it', () => {
  const downlinks = new Downlinks();
  const from = { stamp: STAMP, ackWaiter: { safe: () => undefined }, nowMs: 0 };
  downlinks.inbox.admit(LANE, uplink('a'), from);
  expect(downlinks.lose()).toEqual(['a', false]);
  downlinks.setHold('a');
  downlinks.setHold();
  expect(downlinks.take()).toEqual([['a', true]]);
});

it('a hold on all topics keeps the mark too, and a message that was never sent gets none', () => {
  const downlinks = new Downlinks().admit('a', 'b', 'a');
  downlinks.lose();
  downlinks.setHold('');
  downlinks.setHold();
  expect(downlinks.take()).toEqual([
    ['a', true],
    ['b', false],
    ['a', false],
  ]);
});

it('a message whose PUBACK is missing has DUP when the subdevice connects again, and in the next waking', () => {
  const downlinks = new Downlinks().admit('a', 'b');
  expect(downlinks.next().dup).toBe(false);
  downlinks.inbox.detached(LANE, false);
  downlinks.inbox.attached(LANE, 0);
  expect(downlinks.next().dup).toBe(true);
  downlinks.inbox.slept(LANE);
  downlinks.inbox.woke(LANE);
  expect(downlinks.take()).toEqual([
    ['a', true],
    ['b', false],
  ]);
});
