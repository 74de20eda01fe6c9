import { describe, expect, it } from 'vitest';
import type { HubSessionRow } from '../../src/custody/row.ts';
import { firstDialAtMs } from '../../src/hub/first-dial.ts';

const ROW: HubSessionRow = {
  expected: true,
  connected: true,
  changedAt: { epoch: 3, upMs: 100_000 },
  sentTo: 0,
  lostCount: 0,
};
const FLOOR_MS = 5000;

describe('the first CONNECT after a start', () => {
  it.each([
    ['goes at once from a fresh store', { ...ROW, changedAt: undefined }, { epoch: 1, upMs: 10 }, 10],
    ['goes at once if the last connection is old', ROW, { epoch: 3, upMs: 105_000 }, 105_000],
    ['waits for the rest of the floor after a kill', ROW, { epoch: 3, upMs: 101_000 }, 105_000],
    [
      'waits for the whole floor if attempts may have followed',
      { ...ROW, connected: false },
      { epoch: 3, upMs: 900_000 },
      905_000,
    ],
    ['goes at once in a boot older than the floor', ROW, { epoch: 4, upMs: 9000 }, 9000],
    ['waits until the boot is as old as the floor', ROW, { epoch: 4, upMs: 3000 }, 5000],
  ])('%s', (_, row, now, expected) => {
    expect(firstDialAtMs(row, now, FLOOR_MS)).toBe(expected);
  });
});
