import { describe, expect, it } from 'vitest';
import { firstDialAtMs } from '../../src/hub/first-dial.ts';

const FLOOR_MS = 5000;
const known = { expected: true, connected: true, sentTo: 0, lostCount: 0, changedAt: { epoch: 3, upMs: 100_000 } };
const nextSeq = { uplink: 1000, downlink: 1000 };

describe('the first CONNECT after a start', () => {
  it.each([
    ['goes at once from a fresh store', 1, 1, 10, 10],
    ['waits for the floor after a restart in the same boot', 1000, 3, 101_000, 106_000],
    ['goes at once in a boot older than the floor', 1000, 4, 9000, 9000],
    ['waits until the boot is as old as the floor', 1000, 4, 3000, 5000],
  ])('%s', (_, uplink, epoch, upMs, expected) => {
    const opening = { now: { epoch, upMs }, nextSeq: { ...nextSeq, uplink }, hubSession: known };
    expect(firstDialAtMs(opening, FLOOR_MS)).toBe(expected);
  });

  it('waits for the floor when an earlier process ended before it could write anything down', () => {
    const opening = { now: { epoch: 1, upMs: 2000 }, nextSeq, hubSession: { ...known, changedAt: undefined } };
    expect(firstDialAtMs(opening, FLOOR_MS)).toBe(7000);
  });
});
