/**
 * The n-th fsync of a process fails, for each n: the process ends with 74, and everything acknowledged is present, in
 * the next process and after a power cut. Data written before a failed fsync may never reach the medium, although
 * every reader still sees it, and no later fsync reports it: this is the behaviour of Linux, and the assumption of
 * the power cuts here.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/base/fault.ts';
import type { Testbed } from '../e2e/testbed.ts';
import { until } from '../e2e/until.ts';
import { enumerateTrace } from './enumeration-report.ts';
import {
  DAY,
  isUnrecordable,
  keepSending,
  openRecordedTestbed,
  type RecordedTestbed,
  SLOW_HUB_MS,
} from './recording.ts';

/** Failing fsyncs of the processes with traffic: past the opening of the store and its first commits. */
const FAILING = Array.from({ length: 8 }, (_, index) => index + 1);
const LIVES = FAILING.length;
/** One of this number of power cuts is checked; an error after a failed fsync persists for long. */
const STRIDE = 3;
/** Failing fsyncs of the first start: each n-th. */
const STEP = 1;
/** More fsyncs than a process makes. */
const EVERY = 1_000_000;
const TRUSTING = fileURLToPath(new URL('./gateway-without-wal-sync.ts', import.meta.url));

describe.skipIf(isUnrecordable())('an fsync that fails', () => {
  it('ends the first start with 74 for each n, and the next start is a normal one', async () => {
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
  ])('%s loses no acknowledged message, during traffic, for each n', async (_, more) => {
    const recorded = await openRecordedTestbed(DAY);
    const { testbed } = recorded;
    expect(await liveAndFail(recorded, more)).toEqual(Array.from({ length: LIVES }, () => EXIT.storage));
    await testbed.gateway.start();
    testbed.subdevice('c').command({ kind: 'connect' });
    await until(() => testbed.subdevice('c').isConnected);
    await testbed.expectNothingLost();
    await testbed.gateway.signal('SIGTERM');
    const result = enumerateTrace(`${LIVES} lives with ${more + 1} failed fsyncs`, recorded.trace(), {
      stride: STRIDE,
    });
    expect(result).toMatchObject({ lossy: 0, corrupt: 0, wrong: 0 });
    expect(result.promised.uplinks).toBeGreaterThan(0);
  });

  it('negative control: costs messages if the next process uses the WAL unchanged', async () => {
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
 * One process, and then several in which the n-th fsync during traffic fails, and `more` later ones; the hub is
 * connected in every second one. Leaves c away, the hub reachable, and the gateway stopped. @returns how the
 * processes ended
 */
async function liveAndFail({ testbed, failFsync }: RecordedTestbed, more: number): Promise<(number | string)[]> {
  const c = testbed.subdevice('c');
  const { promise: isSubscribed, resolve } = Promise.withResolvers<void>();
  c.onReport(({ kind }) => {
    if (kind === 'subscribed') resolve();
  });
  await testbed.start();
  await isSubscribed;
  c.command({ kind: 'disconnect' });
  await until(() => !c.isConnected);
  await testbed.gateway.signal('SIGKILL');
  testbed.setFaults({ sendDelayMs: SLOW_HUB_MS });
  const traffic = keepSending(testbed, c);
  const ends: (number | string)[] = [];
  for (const [index, n] of FAILING.entries()) {
    if (index % 2 === 1) testbed.restoreHub();
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

/** The process counts failures, and does not start normally after five; here each start must be a normal one. */
function forgetFailures(testbed: Testbed): void {
  rmSync(join(testbed.folder, 'storage-failures'), { force: true });
}
