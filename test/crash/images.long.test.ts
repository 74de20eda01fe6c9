/**
 * Every power cut of a day of the real gateway: no image of the medium lacks an acknowledged message. The same for
 * gateways that are known to lose messages: the test must detect it.
 */
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { STORE_FILE } from '../../src/store/state-files.ts';
import type { TestbedPlan } from '../e2e/testbed.ts';
import { COMMITS_FILE, emptyState, statesBetweenCommits } from './commit-log.ts';
import type { Enumeration } from './enumeration.ts';
import { enumerateTrace, SEED } from './enumeration-report.ts';
import {
  DAY,
  dropMessages,
  isUnrecordable,
  liveADay,
  loseTheHub,
  openRecordedTestbed,
  scratchFolder,
} from './recording.ts';
import { crashAgain, Sample } from './second-crash.ts';
import { readTrace, type TraceEvent } from './trace.ts';

/** One of this number of power cuts is checked. */
const STRIDE = 1;
/** The same for other gateways: those that lose messages do so in every second power cut. */
const CONTROL_STRIDE = 5;
const IMAGES_MIN = 2000;
/** One of this number of images is recovered with the recorder. */
const RECOVERIES_EVERY = 300;
const SECOND_IMAGES_MIN = 500;
const CARELESS = fileURLToPath(new URL('./gateway-without-full-sync.ts', import.meta.url));
const CHECKPOINTING = fileURLToPath(new URL('./checkpointing-gateway.ts', import.meta.url));
const UNSAFE = fileURLToPath(new URL('../e2e/gateway-without-commits.ts', import.meta.url));

/** Uplinks while the hub is away, with a gateway other than the product. */
async function recordCareless(program: string, synchronous = 'FULL'): Promise<Enumeration> {
  const plan: TestbedPlan = { ...DAY, program };
  const { testbed, trace } = await openRecordedTestbed(plan);
  writeFileSync(join(testbed.folder, 'synchronous'), synchronous);
  await loseTheHub(testbed, 12);
  await testbed.gateway.signal('SIGTERM');
  return enumerateTrace(`${basename(program)}, synchronous=${synchronous}`, trace(), { stride: CONTROL_STRIDE });
}

/** Each birth flushes the database file, and nothing else does later. */
function checkpointsIn(trace: readonly TraceEvent[]): number {
  const store = trace.find((event) => event.kind === 'opened' && basename(event.path) === STORE_FILE);
  if (store?.kind !== 'opened') throw new Error('no store was opened');
  return trace.filter((event) => event.kind === 'fsyncEnd' && event.file === store.file).length;
}

/** Trace in which no fsync of a copy of dropped messages ends. */
function unflushedCopies(events: readonly TraceEvent[]): TraceEvent[] {
  const copies = new Set(
    events.flatMap((event) => (event.kind === 'opened' && event.path.endsWith('.ndjson') ? [event.file] : [])),
  );
  return events.filter((event) => event.kind !== 'fsyncEnd' || !copies.has(event.file));
}

it('an empty trace proves nothing, and is reported', () => {
  const path = join(scratchFolder(), 'trace');
  writeFileSync(path, '');
  expect(() => readTrace(path)).toThrow('nothing was recorded');
});

describe.skipIf(isUnrecordable())('a power cut at any operation on the files', () => {
  it('leaves every acknowledged message, and a ledger that balances', async () => {
    const { testbed, trace } = await openRecordedTestbed(DAY);
    await liveADay(testbed, 20);
    await testbed.expectNothingLost();
    await testbed.gateway.signal('SIGTERM');
    const sample = new Sample(RECOVERIES_EVERY);
    const result = enumerateTrace('the gateway', trace(), {
      stride: STRIDE,
      onImage: (specimen) => sample.offer(specimen),
    });
    expect(result).toMatchObject({ lossy: 0, corrupt: 0, wrong: 0 });
    expect(result.images).toBeGreaterThan(IMAGES_MIN);
    expect(result.promised).toEqual({
      uplinks: testbed.uplinks.sent,
      downlinks: testbed.downlinks.sent,
      subscriptions: 3,
    });
    const again = crashAgain(sample, SEED);
    console.log(`cut again while recovering: ${JSON.stringify(again)}`);
    expect(again).toMatchObject({ recoveries: sample.specimens.length, lossy: 0, corrupt: 0, wrong: 0 });
    expect(again.images).toBeGreaterThan(SECOND_IMAGES_MIN);
  });

  it('leaves them during checkpoints too', async () => {
    const { testbed, trace } = await openRecordedTestbed({ ...DAY, program: CHECKPOINTING });
    await liveADay(testbed, 10);
    await testbed.expectNothingLost();
    await testbed.gateway.signal('SIGTERM');
    const events = trace();
    expect(checkpointsIn(events)).toBeGreaterThan(12); // Births and ends alone make seven.
    const states = statesBetweenCommits(join(testbed.folder, COMMITS_FILE), emptyState());
    const result = enumerateTrace('with many checkpoints', events, { states, stride: 2 * STRIDE });
    expect(states.size).toBeGreaterThan(20);
    const fewer = new Set([...states].slice(0, 10));
    const control = enumerateTrace('if most commits are rejected', events, { states: fewer, stride: 50 });
    expect(control.wrong).toBeGreaterThan(0);
    expect(result).toMatchObject({ lossy: 0, corrupt: 0, wrong: 0 });
    expect(result.promised).toEqual({
      uplinks: testbed.uplinks.sent,
      downlinks: testbed.downlinks.sent,
      subscriptions: 3,
    });
  });

  it('leaves each message that an operator drops in the store or in the copy of the drop', async () => {
    const { testbed, trace } = await openRecordedTestbed(DAY);
    await dropMessages(testbed, 12);
    const events = trace();
    const result = enumerateTrace('a drop', events);
    expect(result).toMatchObject({ lossy: 0, corrupt: 0, wrong: 0 });
    expect(result.promised).toMatchObject({ uplinks: 24, downlinks: 12 });
    const stride = CONTROL_STRIDE;
    const without = enumerateTrace('negative control: without the copies', events, { stride, ignoresCopies: true });
    expect(without.lossy).toBeGreaterThan(0);
    const unflushed = enumerateTrace('negative control: copies that are not flushed', unflushedCopies(events), {
      stride,
    });
    expect(unflushed.lossy).toBeGreaterThan(0);
  });

  it('negative control: loses messages if a commit is not flushed (synchronous=NORMAL)', async () => {
    expect((await recordCareless(CARELESS, 'NORMAL')).lossy).toBeGreaterThan(0);
  });

  /**
   * The number of corrupt images depends on the place of the cut and the seed; the number of images with lost
   * messages does not.
   */
  it('negative control: loses messages if nothing is flushed (synchronous=OFF)', async () => {
    expect((await recordCareless(CARELESS, 'OFF')).lossy).toBeGreaterThan(0);
  });

  it('loses nothing in that other gateway as long as it flushes', async () => {
    // Its store has no high-water mark, which each opening reports.
    expect(await recordCareless(CARELESS, 'FULL')).toMatchObject({ lossy: 0, corrupt: 0 });
  });

  it('negative control: loses messages that are acknowledged before their commit', async () => {
    expect((await recordCareless(UNSAFE)).lossy).toBeGreaterThan(0);
  });
});
