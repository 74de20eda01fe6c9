/**
 * A gateway in a house of its own with the recorder on it, and a day that uses the store in every way: born, hub near and
 * far, a slow hub, a subdevice away, killed, stopped, started again.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { FieldSubdevice } from '../../src/bench/subdevices/field-subdevice.ts';
import { type House, type HousePlan, openHouse } from '../e2e/testbed.ts';
import { until } from '../e2e/until.ts';
import { readTrace, type TraceEvent } from './trace.ts';

const SOURCE = fileURLToPath(new URL('./recorder.c', import.meta.url));
/** Where there is one, images cost no disk. */
const MEMORY = '/dev/shm';

/** @returns a folder in memory where the machine has it; gone with the test */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'holdfast-crash-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Why nothing can be recorded on this machine; `undefined`: it can. */
export function recorderProblem(): string | undefined {
  if (process.platform !== 'linux') return 'the recorder needs Linux';
  const asked = spawnSync('cc', ['-E', '-x', 'c', '-'], { input: '#include <stdio.h>\n' });
  if (asked.error !== undefined) return 'there is no C compiler (Debian: gcc)';
  return asked.status === 0 ? undefined : 'the C compiler has no headers (Debian: libc6-dev)';
}

/** Prints why tests are skipped. @returns whether they are */
export function isUnrecordable(): boolean {
  const problem = recorderProblem();
  if (problem !== undefined) console.log(`skipped: ${problem}`);
  return problem !== undefined;
}

export interface RecordedHouse {
  readonly house: House;
  /** Of all lives so far. */
  readonly trace: () => TraceEvent[];
  /** In the gateway's next life its n-th fsync of a file fails, and so many more after it; 0: none does. */
  readonly failFsync: (n: number, more?: number) => void;
}

export async function openRecordedHouse(plan: HousePlan = {}): Promise<RecordedHouse> {
  const folder = scratchFolder();
  const library = buildRecorder(folder);
  const tracePath = join(folder, 'trace');
  const failPath = join(folder, 'fail');
  writeFileSync(failPath, '0 0');
  const house = await openHouse({
    ...plan,
    envFor: ({ stateDir }) => recorderEnvironment({ library, tracePath, stateDir, failPath }),
  });
  return {
    house,
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

/** Longer than `hold_ms`: the hub's acknowledgement finds the message on the disk already. */
export const SLOW_HUB_MS = 120;

export const DAY: HousePlan = {
  subdevices: { a: {}, b: { window: 8 }, c: { window: 1 } },
  config: { outbox: { commit_ms: 0, hold_ms: 40 }, inbox: { replay_interval_ms: 5, hold_ms: 40 } },
};

/** @param messages of each subdevice in each part of the day */
export async function liveADay(house: House, messages: number): Promise<void> {
  const [a, , c] = ['a', 'b', 'c'].map((id) => house.subdevice(id));
  if (a === undefined || c === undefined) throw new Error('a day needs a, b and c');
  await house.start();
  house.publish(messages);
  for (let left = messages; left > 0; left -= 1) house.command(a);
  await house.untilIdle();
  house.setFaults({ sendDelayMs: SLOW_HUB_MS });
  house.publish(messages);
  await house.untilAcknowledged();
  house.setFaults({ sendDelayMs: 0 });
  await house.untilIdle();
  c.order({ kind: 'disconnect' });
  await until(() => !c.isConnected);
  for (let left = messages; left > 0; left -= 1) house.command(c);
  await until(() => house.session?.inFlight === 0 && house.session.stored === 0);
  await house.loseHub();
  for (let left = messages; left > 0; left -= 1) for (const one of house.subdevices) if (one !== c) one.publish('t');
  await house.untilAcknowledged();
  await house.gateway.signal('SIGKILL');
  await house.gateway.start();
  house.restoreHub();
  c.order({ kind: 'connect' });
  await house.untilIdle();
  await house.gateway.signal('SIGTERM');
  await house.gateway.start();
  house.publish(messages);
  await house.untilIdle();
}

/** Uplinks that nobody can hand on: each is on the disk, or it is not acknowledged. */
export async function loseTheHub(house: House, messages: number): Promise<void> {
  await house.start();
  await house.loseHub();
  house.publish(messages);
  await house.untilAcknowledged();
}

/** Unanswered messages of each subdevice. */
const AHEAD = 4;

/** Each subdevice has unanswered messages at any time, and so has the hub for the one that is away. */
export function keepSending(house: House, away: FieldSubdevice): { readonly stop: () => void } {
  let isStopped = false;
  for (const subdevice of house.subdevices) {
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
