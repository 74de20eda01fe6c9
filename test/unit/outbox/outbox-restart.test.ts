import { describe, expect, it } from 'vitest';
import type { Sending } from '../../../src/outbox/outbox-contract.ts';
import { OutboxBench } from './outbox-rig.ts';

function acknowledge(bench: OutboxBench, sendings: readonly Sending[]): void {
  for (const { packetId } of sendings) bench.outbox.acknowledged(packetId);
}

describe('after a restart', () => {
  const restarted = (rows: number) => {
    const first = new OutboxBench().fill(...Array.from({ length: rows }, (_, index) => `${index + 1}`));
    const bench = new OutboxBench({ inFlightMax: 2 }, first.disk);
    bench.page();
    return bench;
  };

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

  it('messages that may have been sent have DUP: the head of the lane, one window, even if fewer can be in flight', () => {
    const sent = sendAll(restarted(40).connect());
    expect(sent.map(({ dup }) => dup)).toEqual(Array.from({ length: 40 }, (_, place) => place < 16));
    expect(sent.map(({ packetId }) => packetId)).toEqual(Array.from({ length: 40 }, (_, index) => index + 2));
  });

  it('a message admitted by this process has no DUP', () => {
    const bench = restarted(2).connect().fill('new');
    expect(sendAll(bench).map(({ dup }) => dup)).toEqual([true, true, false]);
  });

  it('no message has DUP for a hub without a session', () => {
    expect(sendAll(restarted(3).connect(false)).map(({ dup }) => dup)).toEqual([false, false, false]);
  });
});
