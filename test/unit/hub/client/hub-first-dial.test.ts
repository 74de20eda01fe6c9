import { describe, expect, it } from 'vitest';
import { firstDialAtMs } from '../../../../src/hub/client/reconnect-policy.ts';

const FLOOR_MS = 5000;

describe('the first CONNECT after a start', () => {
  it.each([
    ['is sent at once in a boot older than the floor', true, 9000, 9000],
    ['waits until the boot is as old as the floor', true, 3000, 5000],
    ['waits for the whole floor if a process of this boot may have connected just before', false, 900_000, 905_000],
  ])('%s', (_, isFirstOfBoot, upMs, expected) => {
    expect(firstDialAtMs({ now: { epoch: 3, upMs }, isFirstOfBoot }, FLOOR_MS)).toBe(expected);
  });
});
