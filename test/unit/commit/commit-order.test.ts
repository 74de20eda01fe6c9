/**
 * Tests of the order of commits: every commit is a prefix of the decisions. On a full disk, only changes that need no
 * room overtake messages.
 */
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/custody/change.ts';
import { ZERO } from '../../../src/custody/ledger.ts';
import { CommitBench } from '../flow/flow-rig.ts';

const granted = (filter: string): Change => ({ kind: 'filterGranted', filter });
const gone = (filter: string): Change => ({ kind: 'filterGone', filter });
const CLEAN: Change = { kind: 'cleanSession', lane: 1 };
const SUBSCRIBE: Change = { kind: 'subscribe', row: { lane: 1, filter: 'a', qos: 1 } };
const count: Change = { kind: 'count', direction: 'uplink', lane: 9, counts: { ...ZERO, accepted: 1, delivered: 1 } };
const nothing = (): void => undefined;

function kindsIn(bench: CommitBench): string[][] {
  return bench.store.commits.map(({ changes }) => changes.map(({ kind }) => kind));
}

describe('the changes of one commit', () => {
  it('keep the order of their decisions, with or without an ack waiter', () => {
    const bench = new CommitBench();
    bench.mailbox.post(() => {
      bench.committer.addLazy(CLEAN);
      bench.committer.require([SUBSCRIBE], bench.clock.nowMs(), nothing);
      bench.committer.addLazy(granted('a'));
      bench.committer.require([gone('a')], bench.clock.nowMs(), nothing);
    });
    expect(kindsIn(bench)).toEqual([['cleanSession', 'subscribe', 'filterGranted', 'filterGone']]);
  });

  it('are cut after 4096, also between lazy changes and counters, and the rest follows in order', () => {
    const bench = new CommitBench();
    bench.enqueue(1, 0); // A commit runs while the others are enqueued.
    bench.committer.addLazy(count);
    for (let number = 0; number < 4100; number += 1) bench.committer.addLazy(granted(`f${number}`));
    bench.committer.addLazy(count);
    bench.committer.require([gone('f4099')], bench.clock.nowMs(), nothing);
    bench.receipt();
    expect(bench.store.last.changes).toHaveLength(4097);
    expect(bench.store.last.changes.slice(-2)).toEqual([granted('f4095'), count]);
    bench.receipt();
    const rest = [4096, 4097, 4098, 4099].map((number) => granted(`f${number}`));
    expect(bench.store.last.changes).toEqual([...rest, gone('f4099'), count]);
  });

  it('run their continuations only after everything decided before is durable', () => {
    const bench = new CommitBench();
    const done: string[] = [];
    bench.enqueue(1, 0);
    for (let number = 0; number < 4096; number += 1) bench.committer.addLazy(granted(`f${number}`));
    bench.committer.require([], bench.clock.nowMs(), () => done.push('nothing of its own'));
    bench.receipt();
    expect(done).toEqual([]);
    bench.receipt();
    expect(done).toEqual(['nothing of its own']);
  });
});

describe('on a full disk', () => {
  it('changes overtake messages in their order, and no message overtakes a change', () => {
    const bench = new CommitBench();
    bench.enqueue(1, 0);
    bench.full();
    bench.committer.addLazy(CLEAN);
    bench.enqueue(1, 0);
    bench.committer.require([SUBSCRIBE], bench.clock.nowMs(), nothing);
    bench.clock.pass(1);
    expect(kindsIn(bench).at(-1)).toEqual(['cleanSession', 'subscribe']);
    bench.receipt();
    bench.committer.addLazy(gone('a'));
    bench.enqueue(1, 0);
    bench.clock.pass(1000);
    expect(kindsIn(bench).at(-1)).toEqual(['filterGone']); // This change was decided before the youngest message.
    bench.receipt();
    expect(bench.put).toEqual([1, 2, 3]);
  });

  it('a part of a commit that finds no room returns to its place, with its counters', () => {
    const bench = new CommitBench();
    bench.enqueue(1, 0);
    bench.full();
    bench.committer.addLazy(CLEAN);
    bench.committer.addLazy(count);
    bench.committer.require([SUBSCRIBE], bench.clock.nowMs(), nothing);
    bench.clock.pass(1);
    expect(kindsIn(bench).at(-1)).toEqual(['cleanSession', 'subscribe', 'count']);
    bench.full();
    bench.committer.addLazy(count);
    bench.committer.require([gone('a')], bench.clock.nowMs(), nothing);
    bench.clock.pass(1000);
    expect(bench.store.last.changes).toEqual([
      ...[CLEAN, SUBSCRIBE, gone('a')],
      { ...count, counts: { ...ZERO, accepted: 2, delivered: 2 } },
    ]);
  });

  it('a change after a message waits for room, and a change after a change does not', () => {
    const bench = new CommitBench();
    const done: string[] = [];
    bench.enqueue(1, 0);
    bench.committer.whenSettled(bench.clock.nowMs(), () => done.push('settled'));
    bench.full();
    bench.committer.require([SUBSCRIBE], bench.clock.nowMs(), () => done.push('subscribed'));
    bench.clock.pass(1);
    bench.receipt();
    expect(done).toEqual(['subscribed']);
    bench.clock.pass(1000);
    expect(bench.put).toEqual([1]);
    bench.receipt();
    bench.clock.pass(1);
    expect(done).toEqual(['subscribed', 'settled']);
  });
});
