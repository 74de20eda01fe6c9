import { describe, expect, it } from 'vitest';
import { COUNTED_TOPICS_MAX, EarlierSendings } from '../../../src/custody/earlier-sendings.ts';
import { loadedEntry } from '../../../src/custody/entry.ts';
import type { OperatorHold } from '../../../src/custody/operator-hold.ts';
import type { Sending } from '../../../src/outbox/outbox-contract.ts';
import { rowOf, STAMP } from '../custody/custody-rig.ts';
import { OutboxBench, topicsOf } from './outbox-rig.ts';

const HOLD: OperatorHold = { direction: 'uplink', subdevice: 1, filter: 't', since: STAMP };

function hold(bench: OutboxBench): void {
  bench.custodian.setHolds([HOLD], bench.nowMs);
  bench.page();
}

function release(bench: OutboxBench): void {
  bench.custodian.setHolds([], bench.nowMs);
  bench.custodian.rewind(new Set());
  bench.page();
  bench.outbox.released();
}

function acknowledge(bench: OutboxBench, sendings: readonly Sending[]): void {
  for (const { packetId } of sendings) bench.outbox.acknowledged(packetId);
}

describe('after a restart', () => {
  const restart = (first: OutboxBench) => {
    const bench = new OutboxBench({ inFlightMax: 2 }, first.disk);
    bench.page();
    return bench;
  };

  const restarted = (rows: number) => restart(new OutboxBench().fill(...Array.from({ length: rows }, () => 't')));

  /** Sends all messages, one window after the other. */
  const sendAll = (bench: OutboxBench) => {
    const all: Sending[] = [];
    for (let round = bench.send(); round.length > 0; round = bench.send()) {
      all.push(...round);
      acknowledge(bench, round);
      bench.page();
    }
    return all;
  };

  it('messages that may have been sent have DUP: the head of each topic, one window, even if fewer can be in flight', () => {
    const sent = sendAll(restarted(40).connect());
    expect(sent.map(({ dup }) => dup)).toEqual(Array.from({ length: 40 }, (_, place) => place < 16));
    expect(sent.map(({ packetId }) => packetId)).toEqual(Array.from({ length: 40 }, (_, index) => index + 2));
  });

  it('a message that may have been sent still has DUP after an operator hold', () => {
    const bench = restarted(20);
    hold(bench);
    expect(bench.connect().send()).toEqual([]);
    release(bench);
    expect(sendAll(bench).map(({ dup }) => dup)).toEqual(Array.from({ length: 20 }, (_, place) => place < 16));
  });

  it('a message that may have been sent has DUP although an operator hold covered it at the start', () => {
    const first = new OutboxBench().connect().fill('t', 't');
    expect(first.send().map(({ dup }) => dup)).toEqual([false, false]);
    first.fill(...Array.from({ length: 20 }, () => 'other'));
    const bench = new OutboxBench({ inFlightMax: 2 }, first.disk);
    hold(bench);
    release(bench);
    const sent = sendAll(bench.connect()).filter(({ entry }) => entry.row.topic === 't');
    expect(sent.map(({ dup }) => dup)).toEqual([true, true]);
  });

  it('a message that was sent past an operator hold has DUP behind the released messages', () => {
    const first = new OutboxBench().fill(...Array.from({ length: 20 }, () => 't'), 'sent').connect();
    hold(first);
    expect(topicsOf(first.send())).toEqual(['sent']);
    release(first);
    const last = sendAll(restart(first).connect()).at(-1);
    expect([last?.entry.row.topic, last?.dup]).toEqual(['sent', true]);
  });

  it('a message in flight has DUP behind messages that were acknowledged, and whose deletion was lost in the crash', () => {
    const first = new OutboxBench({ inFlightMax: 2 }).fill(...Array.from({ length: 20 }, () => 't')).connect();
    const sent = sendAll(first); // the deletions are lazy, and are not committed
    expect(sent.map(({ dup }) => dup)).toEqual(Array(20).fill(false));
    const bench = new OutboxBench({ inFlightMax: 2, sentRowsMax: 16 + 20 }, first.disk);
    bench.page();
    expect(sendAll(bench.connect()).map(({ dup }) => dup)).toEqual(Array(20).fill(true));
  });

  it('all messages have DUP on topics beyond those that are counted', () => {
    const earlier = new EarlierSendings(1_000_000, 1);
    const isMarked = (seq: number, topic: string): boolean => {
      const entry = loadedEntry(rowOf(seq, 1, topic));
      earlier.loaded(entry);
      return entry.sentBefore;
    };
    for (let seq = 1; seq <= COUNTED_TOPICS_MAX; seq += 1) isMarked(seq, `t/${seq}`);
    expect([isMarked(2000, 't/1'), isMarked(2001, 'further'), isMarked(2002, 'further')]).toEqual([false, true, true]);
  });

  it('a message admitted by this process has no DUP', () => {
    const bench = restarted(2).connect().fill('new');
    expect(sendAll(bench).map(({ dup }) => dup)).toEqual([true, true, false]);
  });

  it('no message has DUP for a hub without a session', () => {
    expect(sendAll(restarted(3).connect(false)).map(({ dup }) => dup)).toEqual([false, false, false]);
  });
});
