/**
 * A gateway in its own testbed with the recorder, and a day that uses the store in every way: created, hub connected
 * and away, a slow hub, a subdevice away, killed, stopped, started again.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { FieldSubdevice } from '../../src/bench/subdevices/field-subdevice.ts';
import { give } from '../../src/ops/api/control-client.ts';
import type { DropAnswer } from '../../src/ops/queues/queue-answers.ts';
import { openTestbed, type Testbed, type TestbedPlan } from '../e2e/testbed.ts';
import { until } from '../e2e/until.ts';
import { readTrace, type TraceEvent } from './trace.ts';

const SOURCE = fileURLToPath(new URL('./recorder.c', import.meta.url));
/** A tmpfs, if there is one: images need no disk. */
const MEMORY = '/dev/shm';

/** @returns a folder in memory if the machine has one; removed after the test */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'holdfast-crash-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Reason why nothing can be recorded on this machine; `undefined`: recording is possible. */
export function recorderProblem(): string | undefined {
  if (process.platform !== 'linux') return 'the recorder needs Linux';
  const asked = spawnSync('cc', ['-E', '-x', 'c', '-'], { input: '#include <stdio.h>\n' });
  if (asked.error !== undefined) return 'there is no C compiler (Debian: gcc)';
  return asked.status === 0 ? undefined : 'the C compiler has no headers (Debian: libc6-dev)';
}

/** Prints why tests are skipped. @returns true if they are */
export function isUnrecordable(): boolean {
  const problem = recorderProblem();
  if (problem !== undefined) console.log(`skipped: ${problem}`);
  return problem !== undefined;
}

export interface RecordedTestbed {
  readonly testbed: Testbed;
  /** Records of all processes so far. */
  readonly trace: () => TraceEvent[];
  /** Makes the n-th fsync of a file fail in the next process, and `more` later ones; 0: none fails. */
  readonly failFsync: (n: number, more?: number) => void;
}

export async function openRecordedTestbed(plan: TestbedPlan = {}): Promise<RecordedTestbed> {
  const folder = scratchFolder();
  const library = buildRecorder(folder);
  const tracePath = join(folder, 'trace');
  const failPath = join(folder, 'fail');
  writeFileSync(failPath, '0 0');
  const testbed = await openTestbed({
    ...plan,
    envFor: ({ stateDir }) => recorderEnvironment({ library, tracePath, stateDir, failPath }),
  });
  return {
    testbed,
    trace: () => readTrace(tracePath),
    failFsync: (n, more = 0) => writeFileSync(failPath, `${n} ${more}`),
  };
}

export function recorderEnvironment(paths: {
  readonly library: string;
  readonly tracePath: string;
  readonly stateDir: string;
  readonly failPath?: string;
}): Record<string, string> {
  return {
    LD_PRELOAD: paths.library,
    CRASH_TRACE: paths.tracePath,
    CRASH_STATE: paths.stateDir,
    ...(paths.failPath === undefined ? {} : { CRASH_FAIL: paths.failPath }),
  };
}

export function buildRecorder(folder: string): string {
  const library = join(folder, 'recorder.so');
  const built = spawnSync(
    'cc',
    ['-O2', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-o', library, SOURCE, '-ldl', '-lpthread'],
    {
      encoding: 'utf8',
    },
  );
  if (built.status !== 0) throw new Error(`the recorder does not build:\n${built.stderr}`);
  return library;
}

/** Longer than `hold_ms`: the acknowledgement of the hub finds the message on the disk. */
export const SLOW_HUB_MS = 120;

export const DAY: TestbedPlan = {
  subdevices: { a: {}, b: { window: 8 }, c: { window: 1 } },
  config: { outbox: { commit_ms: 0, hold_ms: 40 }, inbox: { replay_interval_ms: 5, hold_ms: 40 } },
};

/** @param messages number of messages of each subdevice in each part of the day */
export async function liveADay(testbed: Testbed, messages: number): Promise<void> {
  const [a, , c] = ['a', 'b', 'c'].map((id) => testbed.subdevice(id));
  if (a === undefined || c === undefined) throw new Error('a day needs a, b and c');
  await testbed.start();
  testbed.publish(messages);
  for (let left = messages; left > 0; left -= 1) testbed.command(a);
  await testbed.untilIdle();
  testbed.setFaults({ sendDelayMs: SLOW_HUB_MS });
  testbed.publish(messages);
  await testbed.untilAcknowledged();
  testbed.setFaults({ sendDelayMs: 0 });
  await testbed.untilIdle();
  c.command({ kind: 'disconnect' });
  await until(() => !c.isConnected);
  for (let left = messages; left > 0; left -= 1) testbed.command(c);
  await until(() => testbed.session?.inFlight === 0 && testbed.session.stored === 0);
  await testbed.loseHub();
  for (let left = messages; left > 0; left -= 1) for (const one of testbed.subdevices) if (one !== c) one.publish('t');
  await testbed.untilAcknowledged();
  await testbed.gateway.signal('SIGKILL');
  await testbed.gateway.start();
  testbed.restoreHub();
  c.command({ kind: 'connect' });
  await testbed.untilIdle();
  await testbed.gateway.signal('SIGTERM');
  await testbed.gateway.start();
  testbed.publish(messages);
  await testbed.untilIdle();
}

/** Messages that wait for the hub and for a subdevice that is away, most of which an operator drops. */
export async function dropMessages(testbed: Testbed, messages: number): Promise<void> {
  const c = testbed.subdevice('c');
  await testbed.start();
  c.command({ kind: 'disconnect' });
  await until(() => !c.isConnected);
  for (let left = messages; left > 0; left -= 1) testbed.command(c);
  await until(() => testbed.session?.inFlight === 0 && testbed.session.stored === 0);
  await testbed.loseHub();
  for (let left = messages; left > 0; left -= 1) for (const one of testbed.subdevices) if (one !== c) one.publish('t');
  await testbed.untilAcknowledged();
  const drop = async (command: string, subdevices: readonly string[]): Promise<void> => {
    let dropped = 0;
    for (let after: number | null = 0; after !== null; ) {
      const answer = (await give(testbed.socketPath, command, { subdevices, after, upTo: 1e9 })) as DropAnswer;
      dropped += answer.dropped;
      after = answer.next;
    }
    if (dropped !== messages) throw new Error(`${command} dropped ${dropped} messages of ${messages}`);
  };
  await drop('outbox.drop', ['b']);
  await drop('inbox.drop', ['c']);
  await testbed.gateway.signal('SIGTERM');
}

/** Uplinks without a next hop: each is on the disk, or it is not acknowledged. */
export async function loseTheHub(testbed: Testbed, messages: number): Promise<void> {
  await testbed.start();
  await testbed.loseHub();
  testbed.publish(messages);
  await testbed.untilAcknowledged();
}

/** Unanswered messages of each subdevice. */
const AHEAD = 4;

/** Each subdevice always has unanswered messages, and so has the hub for the subdevice that is away. */
export function keepSending(testbed: Testbed, away: FieldSubdevice): { readonly stop: () => void } {
  let isStopped = false;
  for (const subdevice of testbed.subdevices) {
    if (subdevice === away) continue;
    subdevice.onReport(({ kind }) => {
      if (kind === 'acknowledged' && !isStopped) subdevice.publish('t');
    });
    for (let ahead = 0; ahead < AHEAD; ahead += 1) subdevice.publish('t');
  }
  return {
    stop: () => {
      isStopped = true;
    },
  };
}
