import { describe, expect, it } from 'vitest';
import { HoldQueue } from '../../../src/commit/hold-queue.ts';
import { CommitBench } from '../flow/flow-rig.ts';

describe('the queue of held messages', () => {
  it('does not keep messages that were acknowledged, and finds the others at their limit', () => {
    const bench = new CommitBench();
    const queue = new HoldQueue();
    const open = Array.from({ length: 100 }, () => bench.entry());
    for (const [place, entry] of open.entries()) queue.add('uplink', entry, 200 + place);
    let most = 0;
    for (let place = 0; place < 10_000; place += 1) {
      const entry = bench.entry();
      queue.add('uplink', entry, 300 + place / 100);
      most = Math.max(most, queue.size);
      entry.ended = { as: 'delivered' };
    }
    expect(most).toBeLessThanOrEqual(2 * (open.length + 1));
    expect(queue.takeDue(1000).map(({ entry }) => entry)).toEqual(open);
    expect(queue.size).toBe(0);
  });

  it('keeps all messages that wait for their acknowledgement', () => {
    const bench = new CommitBench();
    const queue = new HoldQueue();
    for (let place = 0; place < 1000; place += 1) queue.add('uplink', bench.entry(), 200);
    expect(queue.size).toBe(1000);
  });
});
