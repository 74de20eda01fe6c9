import { describe, expect, it } from 'vitest';
import { shedEntries } from '../../../src/custody/ledger.ts';
import { OutboxBench, topicsOf } from './outbox-rig.ts';

const CONGESTION = { kind: 'refused', why: 'congestion' };
/** Charged bytes of a message of one byte on the topic `t`: 1 + 1 + 40. */
const BYTES = 42;

const shedOf = (bench: OutboxBench, lane = 1) => Object.fromEntries(shedEntries(bench.custodian.counts(lane)));

describe('admission to the outbox', () => {
  it('accepts messages up to the limit of their number', () => {
    const bench = new OutboxBench({ messagesMax: 2 });
    expect([bench.offer(), bench.offer()]).toMatchObject([{ kind: 'accepted' }, { kind: 'accepted' }]);
    expect(bench.offer()).toEqual(CONGESTION);
  });

  it('accepts bytes up to the limit, overhead included', () => {
    const bench = new OutboxBench({ bytesMax: 2 * BYTES });
    expect([bench.offer().kind, bench.offer().kind, bench.offer().kind]).toEqual(['accepted', 'accepted', 'refused']);
  });

  it('counts messages on disk after a restart', () => {
    const first = new OutboxBench().fill('t', 't');
    const bench = new OutboxBench({ messagesMax: 2 }, first.disk);
    expect(bench.offer()).toEqual(CONGESTION);
  });

  it('has room again after a message is acknowledged', () => {
    const bench = new OutboxBench({ messagesMax: 1 }).fill('t').connect();
    expect(bench.offer()).toEqual(CONGESTION);
    for (const { packetId } of bench.send()) bench.outbox.acknowledged(packetId);
    expect(bench.offer().kind).toBe('accepted');
  });

  it('rejects a message that the hub would never accept', () => {
    const bench = new OutboxBench({ payloadBytesMax: 10 });
    expect(bench.offer('t', { bytes: 10 }).kind).toBe('accepted');
    expect(bench.offer('t', { bytes: 11 })).toMatchObject({
      kind: 'refused',
      problem: { excess: 'payload too large' },
    });
    expect(bench.offer('a'.repeat(256))).toMatchObject({ problem: { excess: 'topic too long' } });
    expect(bench.offer('ä'.repeat(128))).toMatchObject({ problem: { excess: 'topic too long' } });
    expect(bench.offer('ä'.repeat(127)).kind).toBe('accepted');
    expect(bench.offer('1/2/3/4/5/6/7').kind).toBe('accepted');
    const deep = { excess: 'too many slashes', words: 'its topic at the hub has 7 slashes, and the hub accepts 6' };
    expect(bench.offer('1/2/3/4/5/6/7/8')).toMatchObject({ kind: 'refused', problem: deep });
  });

  it('is closed while the disk is full, and while a slow card has not written the accepted messages', () => {
    const bench = new OutboxBench({ unstoredBytesMax: BYTES });
    bench.outbox.isClosed = true;
    expect(bench.offer()).toEqual(CONGESTION);
    bench.outbox.isClosed = false;
    expect(bench.offer().kind).toBe('accepted');
    expect(bench.offer()).toEqual(CONGESTION);
    bench.commit();
    expect(bench.offer().kind).toBe('accepted');
  });

  it('counts no rejected message', () => {
    const bench = new OutboxBench({ messagesMax: 0 });
    bench.offer();
    expect(bench.custodian.counts(1)).toMatchObject({ accepted: 0 });
  });
});

describe('beyond the limit', () => {
  it('drop-oldest sheds the oldest of the same subdevice', () => {
    const bench = new OutboxBench({ messagesMax: 3 });
    bench.offer('other', { lane: 2 });
    for (const topic of ['a', 'b', 'c']) bench.offer(topic, { overflow: 'drop-oldest' });
    expect(bench.custodian.lane(1).window.map(({ row }) => row.topic)).toEqual(['b', 'c']);
    expect([shedOf(bench), shedOf(bench, 2)]).toEqual([{ 'overflow drop-oldest': 1 }, {}]);
    expect(bench.custodian.imbalance()).toBe(0);
  });

  it('drop-oldest acknowledges the shed message, which the ledger counts', () => {
    const bench = new OutboxBench({ messagesMax: 1 });
    const safe: string[] = [];
    bench.offer('a', { overflow: 'drop-oldest', ackWaiter: { safe: () => void safe.push('a') } });
    expect(safe).toEqual([]);
    bench.offer('b', { overflow: 'drop-oldest', ackWaiter: { safe: () => void safe.push('b') } });
    expect(safe).toEqual(['a']);
  });

  it('drop-oldest does not shed a message that the hub may have', () => {
    const bench = new OutboxBench({ messagesMax: 1 }).connect();
    bench.offer('a');
    bench.send();
    expect(bench.offer('b', { overflow: 'drop-oldest' })).toEqual(CONGESTION);
    bench.disconnect();
    expect(bench.offer('b', { overflow: 'drop-oldest' }).kind).toBe('accepted');
    expect(topicsOf(bench.connect().send())).toEqual(['b']);
  });

  it('drop-newest accepts the newest and sheds it, with its reason', () => {
    const bench = new OutboxBench({ messagesMax: 1 }).fill('a');
    expect(bench.offer('b', { overflow: 'drop-newest' })).toEqual({ kind: 'shed', reason: 'overflow drop-newest' });
    expect(bench.custodian.counts(1)).toMatchObject({ accepted: 2, shed: { 'overflow drop-newest': 1 } });
    expect(bench.custodian.imbalance()).toBe(0);
  });

  it('keep-latest replaces the older value of the topic, at the limit or not', () => {
    const bench = new OutboxBench({ messagesMax: 2 });
    for (const topic of ['a', 'b', 'a', 'a']) bench.offer(topic, { overflow: 'keep-latest' });
    expect(bench.custodian.lane(1).window.map(({ row }) => row.topic)).toEqual(['b', 'a']);
    expect(shedOf(bench)).toEqual({ 'replaced by a later value': 2 });
  });

  it('keep-latest replaces a value on a shared topic only by one of the same topic of the subdevice', () => {
    const settings = { documents: new Map([['all', 'by-device'] as const]) };
    const bench = new OutboxBench({}, undefined, { settings });
    const owned = (): (string | undefined)[] => bench.custodian.lane(1).window.map(({ ownTopic }) => ownTopic);
    for (const ownTopic of ['state', 'result', 'state']) bench.offer('all', { overflow: 'keep-latest', ownTopic });
    expect(owned()).toEqual(['result', 'state']);
    bench.commit();
    const next = new OutboxBench({}, bench.disk, { settings });
    next.page();
    // the own topic of a message from the disk is not known, so it is not replaced
    next.offer('all', { overflow: 'keep-latest', ownTopic: 'state' });
    expect(next.custodian.pending).toBe(3);
  });

  it('keep-latest sheds no older value for one that it cannot accept', () => {
    const bench = new OutboxBench({ bytesMax: 2 * BYTES });
    bench.offer('a', { overflow: 'keep-latest' });
    bench.offer('b', { overflow: 'keep-latest', lane: 2 });
    expect(bench.offer('a', { overflow: 'keep-latest', bytes: 500 })).toEqual(CONGESTION);
    expect([bench.custodian.pending, shedOf(bench)]).toEqual([2, {}]);
  });

  it('keep-latest does not replace a message that the hub may have', () => {
    const bench = new OutboxBench().connect();
    bench.offer('a', { overflow: 'keep-latest' });
    bench.send();
    bench.offer('a', { overflow: 'keep-latest' });
    expect(bench.custodian.pending).toBe(2);
  });
});

describe('an age limit', () => {
  it('sheds from the oldest on, and stops at the first that is young enough', () => {
    const bench = new OutboxBench().fill('a', 'b', 'c');
    const old = new Set(
      bench.custodian
        .lane(1)
        .window.slice(0, 2)
        .map(({ row }) => row.stamp),
    );
    expect(old.size).toBe(1);
    let seen = 0;
    const expired = bench.outbox.expire(() => {
      seen += 1;
      return seen <= 2;
    });
    expect([expired, shedOf(bench), bench.custodian.pending]).toEqual([2, { expired: 2 }, 1]);
  });

  it('does not apply to messages in flight', () => {
    const bench = new OutboxBench().fill('a').connect();
    bench.send();
    expect(bench.outbox.expire(() => true)).toBe(0);
    bench.disconnect();
    expect(bench.outbox.expire(() => true)).toBe(1);
    expect(bench.connect().send()).toEqual([]);
  });
});
