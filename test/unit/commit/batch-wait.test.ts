import { describe, expect, it } from 'vitest';
import { BatchWait } from '../../../src/commit/batch-wait.ts';

/** Pause of the line for which a commit waits if more messages of a burst may follow, ms. */
const QUIET_MS = 5;

/** Batch of a number of messages of one lane. */
function batch(batchWait: BatchWait, who: string, messages: number, atMs: number): void {
  for (let index = 0; index < messages; index += 1) batchWait.join(who, atMs);
  batchWait.leave();
}

describe('the batch wait', () => {
  it('waits for a pause of the line if the only subdevice waits and its window is not known', () => {
    const batchWait = new BatchWait();
    batchWait.join('uplink 1', 0);
    expect(batchWait.quietMs(0)).toBe(QUIET_MS);
  });

  it('ends at once when the only subdevice has sent as many messages as in its last batch', () => {
    const batchWait = new BatchWait();
    batch(batchWait, 'uplink 1', 3, 0);
    batchWait.join('uplink 1', 10);
    batchWait.join('uplink 1', 10);
    expect(batchWait.quietMs(10), '2 of 3 messages').toBe(QUIET_MS);
    batchWait.join('uplink 1', 10);
    expect(batchWait.quietMs(10), '3 of 3 messages').toBe(0);
    batchWait.join('uplink 1', 10);
    expect(batchWait.quietMs(10), '4 of 3 messages').toBe(0);
  });

  it('expects the largest batch of the last second', () => {
    const batchWait = new BatchWait();
    batch(batchWait, 'uplink 1', 4, 0);
    batch(batchWait, 'uplink 1', 1, 100);
    batchWait.join('uplink 1', 200);
    expect(batchWait.quietMs(200)).toBe(QUIET_MS);
    batchWait.leave();
    batch(batchWait, 'uplink 1', 1, 700);
    batch(batchWait, 'uplink 1', 1, 1300);
    batchWait.join('uplink 1', 1400);
    expect(batchWait.quietMs(1400)).toBe(0);
  });

  it('continues while a recently active subdevice has not sent', () => {
    const batchWait = new BatchWait();
    batchWait.join('uplink 1', 0);
    batchWait.join('uplink 2', 10);
    batchWait.leave();
    batchWait.join('uplink 1', 20);
    expect(batchWait.quietMs(20)).toBeUndefined();
    batchWait.join('uplink 2', 30);
    expect(batchWait.quietMs(30)).toBe(0);
  });

  it('waits for a pause while one of two subdevices has sent fewer messages than usual', () => {
    const batchWait = new BatchWait();
    batchWait.join('uplink 1', 0);
    batch(batchWait, 'uplink 2', 2, 0);
    batchWait.join('uplink 1', 20);
    batchWait.join('uplink 2', 20);
    expect(batchWait.quietMs(20)).toBe(QUIET_MS);
  });

  it('does not wait for a subdevice that has been silent for one second', () => {
    const batchWait = new BatchWait();
    batch(batchWait, 'uplink 2', 1, 0);
    batchWait.join('uplink 1', 1200);
    expect(batchWait.quietMs(1200)).toBe(QUIET_MS);
  });

  it('remembers only the subdevices of the last second', () => {
    const batchWait = new BatchWait();
    for (let index = 0; index < 100; index += 1) batch(batchWait, `uplink ${index}`, 1, index * 1000);
    batchWait.join('uplink 5000', 200_000);
    expect(batchWait.quietMs(200_000)).toBe(QUIET_MS);
  });
});
