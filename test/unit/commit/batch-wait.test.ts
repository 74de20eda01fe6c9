import { describe, expect, it } from 'vitest';
import { BatchWait } from '../../../src/commit/batch-wait.ts';

describe('the batch wait', () => {
  it('ends at once if the only subdevice waits', () => {
    const batchWait = new BatchWait();
    batchWait.join('uplink 1', 0);
    expect(batchWait.isComplete(0)).toBe(true);
  });

  it('continues while a recently active subdevice has not sent', () => {
    const batchWait = new BatchWait();
    batchWait.join('uplink 1', 0);
    batchWait.join('uplink 2', 10);
    batchWait.leave();
    batchWait.join('uplink 1', 20);
    expect(batchWait.isComplete(20)).toBe(false);
    batchWait.join('uplink 2', 30);
    expect(batchWait.isComplete(30)).toBe(true);
  });

  it('ends for a subdevice that has been silent for one second', () => {
    const batchWait = new BatchWait();
    batchWait.join('uplink 2', 0);
    batchWait.leave();
    batchWait.join('uplink 1', 1200);
    expect(batchWait.isComplete(1200)).toBe(true);
  });

  it('remembers only the subdevices of the last second', () => {
    const batchWait = new BatchWait();
    for (let index = 0; index < 100; index += 1) {
      batchWait.join(`uplink ${index}`, index * 1000);
      batchWait.leave();
    }
    batchWait.join('uplink 5000', 200_000);
    expect(batchWait.isComplete(200_000)).toBe(true);
  });
});
