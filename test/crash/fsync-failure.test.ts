/**
 * The n-th fsync of a life fails, for each n: the process ends with 74, and whatever it acknowledged is there, in the next
 * life and after a power cut. What stood before a failed fsync may never reach the medium, though every reader still
 * sees it, and no later fsync says so: that is what Linux does, and what the power cuts here assume.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/base/fault.ts';
import type { Testbed } from '../e2e/testbed.ts';
import { until } from '../e2e/until.ts';
import { IS_LONG_RUN } from '../long-run.ts';
import { enumerateTrace } from './enumeration-report.ts';
import {
  DAY,
  isUnrecordable,
  keepSending,
  openRecordedTestbed,
  type RecordedTestbed,
  SLOW_HUB_MS,
} from './recording.ts';

/** Lives in traffic: past the opening of the store and its first commits. */
const LIVES = IS_LONG_RUN ? 12 : 6;
/** One power cut in so many is looked at; what goes wrong after a failed fsync stays wrong for long. */
const STRIDE = IS_LONG_RUN ? 3 : 30;
/** Of the fsyncs of the first start, each n-th fails. */
const STEP = IS_LONG_RUN ? 1 : 3;
/** Of one life: more than it makes. */
const EVERY = 1_000_000;
const TRUSTING = fileURLToPath(new URL('./gateway-without-wal-sync.ts', import.meta.url));

describe.skipIf(isUnrecordable())('an fsync that fails', () => {
  it('ends the first start with 74 wherever it comes, and the next start does as if nothing had been', {
    timeout: 600_000,
  }, async () => {
    const { testbed, failFsync } = await openRecordedTestbed(DAY);
    let n = 1;
    for (let isBorn = false; !isBorn; n += STEP) {
      failFsync(n);
      testbed.gateway.spawn();
      const ended = await Promise.race([
        testbed.gateway.ended(),
        testbed.gateway.ready().catch(() => testbed.gateway.ended()),
      ]);
      isBorn = ended === undefined;
      if (!isBorn) expect({ n, ended }).toEqual({ n, ended: EXIT.storage });
      await testbed.gateway.signal('SIGKILL');
      failFsync(0);
      await testbed.gateway.start();
      await testbed.gateway.signal('SIGKILL');
      rmSync(testbed.stateDir, { recursive: true });
      forgetFailures(testbed);
    }
    expect(n).toBeGreaterThan(3);
  });

  it.each([
    ['alone', 0],
    ['and every later one of that life', EVERY],
  ])('%s loses nothing that was acknowledged, in traffic, for each n', { timeout: 600_000 }, async (_, more) => {
    const recorded = await openRecordedTestbed(DAY);
    const { testbed } = recorded;
    expect(await liveAndFail(recorded, more)).toEqual(Array.from({ length: LIVES }, () => EXIT.storage));
    await testbed.gateway.start();
    testbed.subdevice('c').order({ kind: 'connect' });
    await until(() => testbed.subdevice('c').isConnected);
    await testbed.expectNothingLost();
    await testbed.gateway.signal('SIGTERM');
    const result = enumerateTrace(`${LIVES} lives with ${more + 1} failed fsyncs`, recorded.trace(), {
      stride: STRIDE,
    });
    expect(result).toMatchObject({ lossy: 0, corrupt: 0, wrong: 0 });
    expect(result.promised.uplinks).toBeGreaterThan(0);
  });

  it('is seen to cost messages when the next life builds on the log as it finds it', { timeout: 600_000 }, async () => {
    const recorded = await openRecordedTestbed({ ...DAY, program: TRUSTING });
    await liveAndFail(recorded, EVERY);
    await recorded.testbed.gateway.start();
    await until(() => recorded.testbed.session?.isConnected === true);
    await recorded.testbed.gateway.signal('SIGKILL');
    const result = enumerateTrace(`${LIVES} lives that trust the log`, recorded.trace(), { stride: STRIDE });
    expect(result.lossy).toBeGreaterThan(0);
  });
});

/**
 * A life, and then some in the middle of whose traffic the n-th fsync fails, and so many more; the hub in reach in every
 * second one. Leaves c away, the hub in reach, and the gateway down. @returns how the lives ended
 */
async function liveAndFail({ testbed, failFsync }: RecordedTestbed, more: number): Promise<(number | string)[]> {
  const c = testbed.subdevice('c');
  const { promise: isSubscribed, resolve } = Promise.withResolvers<void>();
  c.onReport(({ kind }) => {
    if (kind === 'subscribed') resolve();
  });
  await testbed.start();
  await isSubscribed;
  c.order({ kind: 'disconnect' });
  await until(() => !c.isConnected);
  await testbed.gateway.signal('SIGKILL');
  testbed.setFaults({ sendDelayMs: SLOW_HUB_MS });
  const traffic = keepSending(testbed, c);
  const ends: (number | string)[] = [];
  for (let n = 1; n <= LIVES; n += 1) {
    if (n % 2 === 0) testbed.restoreHub();
    else testbed.setFaults({ reach: 'refuses' });
    failFsync(n, more);
    forgetFailures(testbed);
    testbed.command(c);
    testbed.gateway.spawn();
    ends.push(await testbed.gateway.ended());
  }
  traffic.stop();
  testbed.setFaults({ sendDelayMs: 0 });
  failFsync(0);
  forgetFailures(testbed);
  testbed.restoreHub();
  return ends;
}

/** The process keeps count, and does not start as usual after five; here each life is to be a usual one. */
function forgetFailures(testbed: Testbed): void {
  rmSync(join(testbed.folder, 'storage-failures'), { force: true });
}
