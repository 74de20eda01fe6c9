/**
 * Bare packets on a real line: whole packets lost and stray bytes between them, and the gateway killed during
 * traffic. There is no checksum: lengths and pauses protect against noise here, and no bits of a payload are flipped.
 */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { type Random, seededRandom } from '../../src/base/random.ts';
import type { OpenChannel } from '../../src/ports.ts';
import { IS_LONG_RUN } from '../long-run.ts';
import { killAgainAndAgain } from './kills.ts';
import { openTestbed, type TestbedPlan } from './testbed.ts';

const KILLS = IS_LONG_RUN ? 12 : 5;
const UNSAFE = fileURLToPath(new URL('./gateway-without-commits.ts', import.meta.url));
/** Shares of the pieces in both directions: lost ones, and ones with a stray byte before them. */
const SHARE = 0.04;
/** Most frequent byte for a stray bit on an idle line: a start bit, and then ones. */
const STRAY = Uint8Array.of(0xff);

function disturbing(random: Random): {
  readonly disturb: (open: OpenChannel) => OpenChannel;
  readonly hits: () => number;
} {
  let hits = 0;
  const pass = (bytes: Uint8Array, take: (bytes: Uint8Array) => void): void => {
    const chosen = random();
    if (chosen < 2 * SHARE) hits += 1;
    if (chosen < SHARE) return;
    take(chosen < 2 * SHARE ? Buffer.concat([STRAY, bytes]) : bytes);
  };
  const disturb =
    (open: OpenChannel): OpenChannel =>
    (listener) => {
      const channel = open({
        opened: () => listener.opened(),
        bytes: (bytes) => pass(bytes, (passed) => listener.bytes(passed)),
        closed: (reason) => listener.closed(reason),
      });
      return {
        write: (bytes) => pass(bytes, (passed) => channel.write(passed)),
        get queuedBytes() {
          return channel.queuedBytes;
        },
        close: (reason) => channel.close(reason),
      };
    };
  return { disturb, hits: () => hits };
}

function planOf(disturb?: (open: OpenChannel) => OpenChannel): TestbedPlan {
  const raw = { framing: 'sn-raw', window: 1 } as const;
  return {
    subdevices: { a: { ...raw, ...(disturb === undefined ? {} : { disturb }) }, b: raw },
    config: {
      ...{ outbox: { commit_ms: 20 }, inbox: { replay_interval_ms: 5 } },
      link: { framing: 'sn-raw', retry_ms: 200, retries_max: 20 },
    },
  };
}

it('loses nothing and keeps the order, in both directions, through noise and kills', { timeout: 600_000 }, async () => {
  const noise = disturbing(seededRandom(11));
  const testbed = await openTestbed(planOf(noise.disturb));
  await testbed.start();
  await killAgainAndAgain(testbed, { kills: KILLS, seed: 7 });
  const { totals } = await testbed.expectNothingLost();
  expect(noise.hits()).toBeGreaterThan(KILLS);
  expect(totals.uplink).toMatchObject({ dead: 0, damaged: 0 });
});

it('negative control: loses messages if the gateway acknowledges before the commit', { timeout: 600_000 }, async () => {
  const testbed = await openTestbed({ ...planOf(), program: UNSAFE });
  await testbed.start();
  await killAgainAndAgain(testbed, { kills: 3, seed: 7, sights: ['acknowledged', 'arrived'] });
  await testbed.untilIdle();
  expect(testbed.uplinks.missing).toBeGreaterThan(0);
});
