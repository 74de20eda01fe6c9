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

  /** Sends everything, one window after the other. */
  const sendAll = (bench: OutboxBench) => {
    const all: Sending[] = [];
    for (let round = bench.send(); round.length > 0; round = bench.send()) {
      all.push(...round);
      acknowledge(bench, round);
      bench.page();
    }
    return all;
  };

  it('what may have been sent is a DUP: the head of the lane, one window of it, however few may be in flight', () => {
    const sent = sendAll(restarted(40).connect());
    expect(sent.map(({ dup }) => dup)).toEqual(Array.from({ length: 40 }, (_, place) => place < 16));
    expect(sent.map(({ packetId }) => packetId)).toEqual(Array.from({ length: 40 }, (_, index) => index + 2));
  });

  it('what this process has admitted is no DUP', () => {
    const bench = restarted(2).connect().fill('new');
    expect(sendAll(bench).map(({ dup }) => dup)).toEqual([true, true, false]);
  });

  it('nothing is a DUP to a hub that remembers nothing', () => {
    expect(sendAll(restarted(3).connect(false)).map(({ dup }) => dup)).toEqual([false, false, false]);
  });
});
