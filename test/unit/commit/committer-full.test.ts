import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/custody/change.ts';
import { seqsOf } from '../custody/custody-rig.ts';
import { CommitBench } from '../flow/flow-rig.ts';

const settle = (seq: number): Change => {
  return { kind: 'settle', direction: 'uplink', lane: 1, seq, bytes: 42, outcome: { as: 'delivered' } };
};

describe('on a full disk', () => {
  it('messages are tried again each second, and are acknowledged only after they were written', () => {
    const bench = new CommitBench();
    bench.enqueue(2, 0);
    bench.full();
    bench.enqueue(1, 0);
    bench.clock.pass(999);
    expect(bench.store.commits).toHaveLength(1);
    bench.clock.pass(1);
    expect(bench.put).toEqual([1, 2, 3]);
    bench.full();
    bench.clock.pass(1000);
    expect([bench.stored, bench.fullness]).toEqual([[], [true]]);
    bench.receipt();
    expect(seqsOf(bench.stored)).toEqual([1, 2, 3]);
    expect([bench.fullness, bench.committer.fullSinceMs]).toEqual([[true, false], undefined]);
  });

  it('deletes and required changes are written without the messages, and do not wait for them', () => {
    const bench = new CommitBench();
    const done: string[] = [];
    bench.enqueue(1, 0);
    bench.committer.addLazy(settle(7));
    bench.committer.require([{ kind: 'filterGone', filter: 'a' }], bench.clock.nowMs(), () => done.push('a'));
    bench.full();
    bench.clock.pass(1);
    expect(bench.store.last.changes.map(({ kind }) => kind)).toEqual(['settle', 'filterGone']);
    bench.receipt();
    expect([done, bench.committer.fullSinceMs === undefined]).toEqual([['a'], false]);
  });

  it('deletes that find no room are tried again each second, in their order', () => {
    const bench = new CommitBench();
    for (let seq = 1; seq <= 512; seq += 1) bench.committer.addLazy(settle(seq));
    bench.full();
    expect(bench.store.last.changes).toHaveLength(256);
    bench.full();
    const before = bench.store.commits.length;
    bench.clock.pass(999);
    expect(bench.store.commits).toHaveLength(before);
    bench.clock.pass(1);
    expect(bench.store.last.changes[0]).toEqual(settle(1));
    bench.receipt();
    bench.full();
    bench.clock.pass(2000);
    const deletes = bench.store.commits.filter(({ changes }) => changes[0]?.kind === 'settle');
    expect(deletes.at(-1)?.changes[0]).toEqual(settle(257));
  });

  it('a message that the hub acknowledges meanwhile is not written', () => {
    const bench = new CommitBench();
    const [first] = bench.enqueue(2, 0);
    bench.full();
    if (first !== undefined) first.ended = { as: 'delivered' };
    bench.clock.pass(1000);
    expect(bench.put).toEqual([2]);
  });

  it('the store is asked for room even if no change waits', () => {
    const bench = new CommitBench();
    const [only] = bench.enqueue(1, 0);
    bench.full();
    if (only !== undefined) only.ended = { as: 'delivered' };
    bench.clock.pass(1000);
    expect(bench.store.last.changes).toEqual([]);
    bench.receipt();
    expect(bench.fullness).toEqual([true, false]);
  });

  it('the committer reports overload when too many deletes wait', () => {
    const bench = new CommitBench();
    bench.enqueue(1, 0);
    bench.full();
    for (let seq = 1; seq <= 9000; seq += 1) bench.committer.addLazy(settle(seq));
    expect(bench.committer.isOverloaded).toBe(true);
  });

  it.each(['before', 'while'])(
    'the end of draining does not depend on room, even if the disk fills up %s the gateway drains',
    async (when) => {
      const bench = new CommitBench();
      bench.enqueue(1, 0);
      if (when === 'before') bench.full();
      const drained = bench.committer.drain();
      if (when === 'while') bench.full();
      await expect(drained).resolves.toBeUndefined();
    },
  );
});
