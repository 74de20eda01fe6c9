import { describe, expect, it } from 'vitest';
import { BatchWait } from '../../../src/commit/batch-wait.ts';

describe('waiting for company', () => {
  it('is over at once when the only subdevice there is waits', () => {
    const batchWait = new BatchWait();
    batchWait.join('uplink 1', 0);
    expect(batchWait.isComplete(0)).toBe(true);
  });

  it('goes on while a subdevice that was active lately has not come', () => {
    const batchWait = new BatchWait();
    batchWait.join('uplink 1', 0);
    batchWait.join('uplink 2', 10);
    batchWait.leave();
    batchWait.join('uplink 1', 20);
    expect(batchWait.isComplete(20)).toBe(false);
    batchWait.join('uplink 2', 30);
    expect(batchWait.isComplete(30)).toBe(true);
  });

  it('no longer waits for one that has been silent for a second', () => {
    const batchWait = new BatchWait();
    batchWait.join('uplink 2', 0);
    batchWait.leave();
    batchWait.join('uplink 1', 1200);
    expect(batchWait.isComplete(1200)).toBe(true);
  });

  it('remembers no more than those of the last second', () => {
    const batchWait = new BatchWait();
    for (let index = 0; index < 100; index += 1) {
      batchWait.join(`uplink ${index}`, index * 1000);
      batchWait.leave();
    }
    batchWait.join('uplink 5000', 200_000);
    expect(batchWait.isComplete(200_000)).toBe(true);
  });
});
