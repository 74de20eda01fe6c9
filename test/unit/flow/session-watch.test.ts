/**
 * The record of a session gap: written at once, once for each gap, and never after the record that the gap is
 * handled.
 */
import { expect, it } from 'vitest';
import { newFacts } from '../../../src/base/events.ts';
import { HubSessionMonitor } from '../../../src/flow/hub-session-monitor.ts';
import { HubSessionState } from '../../../src/hub/session/session-state.ts';
import { HUB_TERMS, HubSessionTracker } from '../../../src/hub/session/session-tracker.ts';
import { STAMP } from '../custody/custody-rig.ts';
import { OutboxBench } from '../outbox/outbox-rig.ts';
import { CommitBench } from './flow-rig.ts';

const OWNER = 1;
const EXPECTED = { expected: true, connected: false, changedAt: STAMP, owner: OWNER, lostCount: 0 };

function watched(resyncTopic: string | undefined) {
  const bench = new CommitBench();
  const { clock, mailbox, committer } = bench;
  const { outbox } = new OutboxBench();
  const watch = new HubSessionMonitor({
    ...{ clock, mailbox, committer, outbox, resyncTopic, commitMs: 100, facts: newFacts() },
    ...{ stamp: () => STAMP, epochs: () => new Map() },
    tracker: new HubSessionTracker({ terms: HUB_TERMS, gap: undefined, openedAt: STAMP }),
    session: new HubSessionState(EXPECTED, [], OWNER),
  });
  /** Written records of gaps, in order. */
  const notes = (): (string | undefined)[] =>
    bench.store.commits
      .flatMap(({ changes }) => changes)
      .flatMap((change) => (change.kind === 'hubGap' ? [change.gap?.reason] : []));
  return { bench, watch, notes, lose: () => mailbox.post(() => watch.connected(false)) };
}

it('a gap is written at its CONNACK, and another gap before it is handled writes nothing', () => {
  const { bench, notes, lose } = watched(undefined);
  lose();
  expect(notes()).toEqual(['session lost']);
  bench.receipt();
  lose();
  bench.clock.pass(10_000);
  expect(notes()).toEqual(['session lost']);
});

it('a gap directly after another one was handled is written last', () => {
  const { bench, watch, notes, lose } = watched(undefined);
  lose();
  bench.mailbox.post(() => expect(watch.settleGap()).toBe(true)); // During the commit.
  lose();
  bench.receipt();
  expect(notes()).toEqual(['session lost', undefined, 'session lost']);
});

it('a gap is cleared only after the message of the application is stored, which is impossible on a full disk', () => {
  const there = watched('gw/resync');
  there.lose();
  expect(there.watch.tracker.gap).toBeUndefined();
  const full = watched('gw/resync');
  full.bench.enqueue(1, 0);
  full.bench.full();
  full.lose();
  expect(full.watch.tracker.gap?.reason).toBe('session lost');
});

it('the record of a gap stays until the message of the application is durable, also on a disk that becomes full meanwhile', () => {
  const { bench, notes, lose } = watched('gw/resync');
  bench.mailbox.post(() => {
    lose();
    bench.committer.enqueue('uplink', bench.entry(), bench.clock.nowMs()); // As the outbox does with that message.
  });
  expect(notes()).toEqual(['session lost']);
  bench.full();
  bench.receipt();
  bench.clock.pass(500);
  expect(notes()).toEqual(['session lost', 'session lost']);
  bench.clock.pass(500);
  expect(bench.put).toEqual([1]);
  bench.receipt();
  bench.clock.pass(1);
  expect(notes().at(-1)).toBeUndefined();
});

it('a takeover records a gap since the first lost connection, and another one after that was handled', () => {
  const { bench, watch, notes } = watched(undefined);
  const takeOver = (): void => {
    watch.disconnected();
    watch.connected(true);
    watch.takenOver();
  };
  bench.mailbox.post(takeOver);
  bench.receipt();
  bench.mailbox.post(takeOver);
  const reason = 'another client may have used our session';
  expect(notes()).toEqual([reason]);
  bench.mailbox.post(() => expect(watch.settleGap()).toBe(true));
  bench.receipt();
  bench.mailbox.post(takeOver);
  bench.receipt();
  expect(notes()).toEqual([reason, undefined, reason]);
});
