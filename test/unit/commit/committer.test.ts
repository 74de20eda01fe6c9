import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/custody/change.ts';
import { ZERO } from '../../../src/custody/ledger.ts';
import { seqsOf } from '../custody/custody-rig.ts';
import { CommitBench } from '../flow/flow-rig.ts';

const settle = (seq: number): Change => {
  return { kind: 'settle', direction: 'uplink', lane: 1, seq, bytes: 42, outcome: { as: 'delivered' } };
};
const count: Change = { kind: 'count', direction: 'uplink', lane: 1, counts: { ...ZERO, accepted: 1, delivered: 1 } };

describe('a commit', () => {
  it('starts when the first change has waited for the batch wait', () => {
    const bench = new CommitBench();
    bench.enqueue(1, 100);
    bench.clock.pass(60);
    bench.enqueue(1, 100);
    bench.clock.pass(39);
    expect(bench.store.commits).toEqual([]);
    bench.clock.pass(1);
    expect(bench.put).toEqual([1, 2]);
  });

  it('starts at once with 32 changes, not with 31', () => {
    const bench = new CommitBench();
    bench.enqueue(31, 100);
    expect(bench.store.commits).toEqual([]);
    bench.enqueue(1, 100);
    expect(bench.put).toHaveLength(32);
  });

  it('includes the changes that are enqueued in the same task', () => {
    const bench = new CommitBench();
    bench.enqueue(5, 0);
    expect(bench.put).toEqual([1, 2, 3, 4, 5]);
  });

  it('is followed at once by a commit of the changes enqueued meanwhile', () => {
    const bench = new CommitBench();
    bench.enqueue(1, 0);
    bench.enqueue(40, 100);
    expect(bench.store.commits).toHaveLength(1);
    bench.receipt();
    expect(bench.store.commits).toHaveLength(2);
    expect(bench.put).toHaveLength(40);
  });

  it('has at most 4096 messages; the rest follow in order', () => {
    const bench = new CommitBench();
    bench.enqueue(4100, 0);
    expect(bench.put).toHaveLength(4096);
    bench.receipt();
    expect(bench.put).toEqual([4097, 4098, 4099, 4100]);
  });

  it('starts early when every active sender waits for it', () => {
    const bench = new CommitBench();
    bench.committer.enqueue('uplink', bench.entry(1, true), bench.clock.nowMs() + 100);
    bench.clock.pass(5);
    expect(bench.put).toEqual([1]);
  });

  it('waits for an active sender that has enqueued nothing yet', () => {
    const bench = new CommitBench();
    for (const lane of [1, 2]) bench.committer.enqueue('uplink', bench.entry(lane, true), bench.clock.nowMs() + 100);
    bench.clock.pass(5);
    bench.receipt();
    bench.committer.enqueue('uplink', bench.entry(1, true), bench.clock.nowMs() + 100);
    bench.clock.pass(99);
    expect(bench.store.commits).toHaveLength(1);
    bench.clock.pass(1);
    expect(bench.put).toEqual([3]);
  });

  it('delivers its receipts in the order of admission, and only after the store has confirmed it', () => {
    const bench = new CommitBench();
    bench.enqueue(3, 0);
    bench.clock.pass(10_000);
    expect(bench.stored).toEqual([]);
    bench.receipt();
    expect(seqsOf(bench.stored)).toEqual([1, 2, 3]);
  });

  it('does not contain a message that was acknowledged before it', () => {
    const bench = new CommitBench();
    const [first] = bench.enqueue(2, 50);
    if (first !== undefined) first.ended = { as: 'delivered' };
    bench.clock.pass(50);
    expect(bench.put).toEqual([2]);
  });

  it('does not run if all its messages were acknowledged before it', () => {
    const bench = new CommitBench();
    for (const entry of bench.enqueue(3, 50)) entry.ended = { as: 'delivered' };
    bench.clock.pass(50);
    expect(bench.store.commits).toEqual([]);
  });

  it('with required changes runs their continuation after the receipt', () => {
    const bench = new CommitBench();
    const done: string[] = [];
    bench.committer.require([{ kind: 'filterGone', filter: 'a' }], bench.clock.nowMs() + 10, () => done.push('a'));
    bench.clock.pass(10);
    expect([bench.store.last.changes.length, done.length]).toEqual([1, 0]);
    bench.receipt();
    expect(done).toEqual(['a']);
  });

  it('that was never started has no receipt', () => {
    const bench = new CommitBench();
    bench.enqueue(1, 0);
    expect(() => bench.committer.committed(2)).toThrow('receipt for commit 2, but 1 runs');
  });
});

describe('held messages', () => {
  it('are written if the next hop has not acknowledged them in time', () => {
    const bench = new CommitBench();
    const entries = [bench.entry(), bench.entry()];
    for (const entry of entries) bench.committer.hold('uplink', entry, bench.clock.nowMs() + 200);
    if (entries[0] !== undefined) entries[0].ended = { as: 'delivered' };
    bench.clock.pass(200 - 16);
    expect(bench.store.commits).toEqual([]);
    bench.clock.pass(16);
    expect(bench.put).toEqual([2]);
  });

  it('of a direction whose next hop is lost are enqueued in order, and the others stay held', () => {
    const bench = new CommitBench();
    for (const ms of [150, 200, 200]) bench.committer.hold('uplink', bench.entry(), bench.clock.nowMs() + ms);
    bench.committer.hold('downlink', bench.entry(), bench.clock.nowMs() + 300);
    bench.committer.flushHeld('uplink', bench.clock.nowMs() + 20);
    bench.clock.pass(20);
    expect(bench.put).toEqual([1, 2, 3]);
    bench.receipt();
    bench.clock.pass(300);
    expect(bench.put).toEqual([4]);
  });
});

describe('lazy changes', () => {
  it('cause no commit while they are few and young; the age limit is shorter after a start', () => {
    const bench = new CommitBench();
    for (const [commits, oldMs] of [16, 32, 64, 128, 256, 512, 1024, 2000, 2000].entries()) {
      for (let seq = 1; seq <= 511; seq += 1) bench.committer.addLazy(settle(seq));
      bench.clock.pass(oldMs - 1);
      expect(bench.store.commits).toHaveLength(commits);
      bench.clock.pass(1);
      expect(bench.store.last.changes).toHaveLength(511);
      bench.receipt();
    }
  });

  it('force a commit when there are 512 of them', () => {
    const bench = new CommitBench();
    for (let seq = 1; seq <= 512; seq += 1) bench.committer.addLazy(settle(seq));
    expect(bench.store.last.changes).toHaveLength(512);
  });

  it('negative control: without the limits of age and number no commit is made for them', () => {
    const bench = new CommitBench();
    const never = { lazyDueAtMs: { get: () => undefined }, areManyLazy: { get: () => false } };
    Object.defineProperties(bench.committer.waiting, never);
    for (let seq = 1; seq <= 600; seq += 1) bench.committer.addLazy(settle(seq));
    bench.clock.pass(3_600_000);
    expect(bench.store.commits).toEqual([]);
  });

  it('that are only counters never force a commit, and are summed up in the next one', () => {
    const bench = new CommitBench();
    for (let turn = 0; turn < 1000; turn += 1) bench.committer.addLazy(count);
    bench.clock.pass(3_600_000);
    expect(bench.store.commits).toEqual([]);
    bench.enqueue(1, 0);
    expect(bench.store.last.changes.slice(1)).toEqual([
      { ...count, counts: { ...ZERO, accepted: 1000, delivered: 1000 } },
    ]);
  });
});

describe('draining', () => {
  it('ends when held messages, enqueued messages and lazy changes are durable', async () => {
    const bench = new CommitBench();
    let isDrained = false;
    bench.committer.hold('downlink', bench.entry(), bench.clock.nowMs() + 5000);
    bench.enqueue(1, 5000);
    bench.committer.addLazy(count);
    const drained = bench.committer.drain().then(() => {
      isDrained = true;
    });
    await null;
    expect([isDrained, bench.put.toSorted(), bench.store.last.changes.length]).toEqual([false, [1, 2], 3]);
    bench.receipt();
    await drained;
    expect(isDrained).toBe(true);
  });

  it('ends at once if nothing waits', async () => {
    await expect(new CommitBench().committer.drain()).resolves.toBeUndefined();
  });
});

describe('a commit that is due', () => {
  it('is never overdue while the timer works, whether the store answers or not', () => {
    const bench = new CommitBench();
    let receipts = 0;
    for (let turn = 0; turn < 100; turn += 1) {
      if (turn % 3 === 0) bench.enqueue(1, 100);
      bench.clock.pass(50);
      expect(bench.committer.overdueSinceMs).toBeUndefined();
      if (turn % 5 > 0 || bench.store.commits.length === receipts) continue;
      receipts += 1;
      bench.receipt();
    }
    expect(receipts).toBeGreaterThan(10);
  });

  it('is overdue if it does not start', () => {
    const bench = new CommitBench();
    bench.enqueue(1, 100);
    const dueAtMs = bench.clock.nowMs() + 100;
    bench.clock.timersFire = false;
    bench.clock.pass(100);
    expect(bench.committer.overdueSinceMs).toBeUndefined();
    bench.clock.pass(1);
    expect(bench.committer.overdueSinceMs).toBe(dueAtMs);
    bench.clock.pass(60_000);
    expect(bench.committer.overdueSinceMs).toBe(dueAtMs);
  });
});
