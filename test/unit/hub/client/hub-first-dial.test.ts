import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../../src/base/random.ts';
import { firstDialAtMs } from '../../../../src/hub/client/reconnect-policy.ts';

const LIMITS = { reconnectFloorMs: 5000, bootSpreadMs: 10_000 };
const half = (): number => 0.5;
const opening = (isFirstOfBoot: boolean, upMs: number) => ({ now: { epoch: 3, upMs }, isFirstOfBoot });

describe('the first CONNECT after a start', () => {
  it.each([
    ['is sent after a random pause in a boot that is older than the floor', true, 9000, 14_000],
    ['waits until the boot is as old as the floor, and then for the random pause', true, 3000, 10_000],
    ['has the random pause in the last ms in which the boot may be the reason of the start', true, 299_999, 304_999],
    ['is sent at once if the machine has run for 5 min: a person started the gateway', true, 300_000, 300_000],
    ['waits for the floor only if a process of this boot may have connected just before', false, 30_000, 35_000],
  ])('%s', (_, isFirstOfBoot, upMs, expected) => {
    expect(firstDialAtMs(opening(isFirstOfBoot, upMs), LIMITS, half)).toBe(expected);
  });

  it('of 1,000 gateways that get power in the same ms is spread over the whole time', () => {
    expect(mostInOneSecond(LIMITS)).toBeLessThan(140);
  });

  it('negative control: without a spread all 1,000 are in the same ms', () => {
    expect(mostInOneSecond({ ...LIMITS, bootSpreadMs: 0 })).toBe(1000);
  });
});

/** Largest number of CONNECTs in one second, of 1,000 gateways after a regional power failure. Mean: 100. */
function mostInOneSecond(limits: typeof LIMITS): number {
  const perSecond = new Map<number, number>();
  for (let gateway = 0; gateway < 1000; gateway += 1) {
    const atMs = firstDialAtMs(opening(true, 20_000), limits, seededRandom(gateway));
    const second = Math.floor(atMs / 1000);
    perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
  }
  return Math.max(...perSecond.values());
}
