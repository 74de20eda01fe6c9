/** Progress: what is a stall, what is not, and the bounds. */
import { describe, expect, it } from 'vitest';
import {
  PROGRESS_SOURCES,
  type ProgressReadings,
  type ProgressSource,
  type WaitingWork,
  WorkProgress,
} from '../../../../src/ops/watchdog/work-progress.ts';

const TURN_MS = 5000;
const BOUND_MS = 30_000;
const NOTHING: ProgressReadings = {
  mailbox: () => undefined,
  'store-thread': () => undefined,
  unacknowledged: () => undefined,
  'hub-connection': () => undefined,
  'serial-open': () => undefined,
};

/** Looks once in each turn. @param workAt work of one source at a time, ms; @returns time of the first stall */
function firstStallMs(
  workAt: (nowMs: number) => WaitingWork | undefined,
  { source = 'store-thread' as ProgressSource, untilMs = 600_000, turnMs = TURN_MS } = {},
): number | undefined {
  const progress = new WorkProgress({ turnMs: TURN_MS, boundMs: BOUND_MS });
  for (let nowMs = 0; nowMs <= untilMs; nowMs += turnMs)
    if (progress.look(nowMs, { ...NOTHING, [source]: () => workAt(nowMs) }).length > 0) return nowMs;
  return undefined;
}

const commit = (number: number): WaitingWork => ({ token: number });

describe('a stall', () => {
  it.each(Object.keys(PROGRESS_SOURCES) as ProgressSource[])(
    'of %s is the same work for longer than 30 s',
    (source) => {
      expect(firstStallMs(() => commit(1), { source })).toBe(BOUND_MS + TURN_MS);
    },
  );

  it('begins above the bound, not at it', () => {
    const progress = new WorkProgress({ turnMs: TURN_MS, boundMs: BOUND_MS });
    const stallsAt = (nowMs: number): number => progress.look(nowMs, { ...NOTHING, mailbox: () => commit(1) }).length;
    const times = [0, 10_000, 20_000, BOUND_MS - 1, BOUND_MS, BOUND_MS + 1];
    expect(times.map(stallsAt)).toEqual([0, 0, 0, 0, 0, 1]);
  });

  it('names the source, its subject and the time', () => {
    const progress = new WorkProgress({ turnMs: TURN_MS, boundMs: 0 });
    const readings = { ...NOTHING, 'serial-open': () => ({ token: 4, subject: '/dev/ttyUSB0' }) };
    progress.look(0, readings);
    expect(progress.look(TURN_MS, readings)).toEqual([
      {
        source: 'serial-open',
        subject: '/dev/ttyUSB0',
        forMs: TURN_MS,
        what: 'the opening of /dev/ttyUSB0 did not return',
      },
    ]);
  });
});

describe('no stall is', () => {
  it('a line without traffic, an absent hub, or a store without requests', () => {
    expect(firstStallMs(() => undefined)).toBeUndefined();
  });

  it('a card that takes 2 s for each commit, or 29 s', () => {
    for (const commitMs of [2000, 29_000])
      expect(firstStallMs((nowMs) => commit(Math.floor(nowMs / commitMs)))).toBeUndefined();
  });

  it('work of another subject', () => {
    const subjects = ['/dev/ttyUSB0', '/dev/ttyUSB1'];
    expect(
      firstStallMs((nowMs) => ({ token: 1, subject: subjects[Math.floor(nowMs / 20_000) % 2] ?? '' })),
    ).toBeUndefined();
  });

  it('a silence of the hub within its keep alive', () => {
    const silentMs = 150_000;
    const workAt = (nowMs: number): WaitingWork => ({ token: Math.floor(nowMs / silentMs), allowedMs: silentMs });
    expect(firstStallMs(workAt, { source: 'hub-connection' })).toBeUndefined();
    expect(firstStallMs(() => ({ token: 0, allowedMs: silentMs }))).toBe(BOUND_MS + silentMs + TURN_MS);
  });

  it('the time in which the whole process was stopped', () => {
    const progress = new WorkProgress({ turnMs: TURN_MS, boundMs: BOUND_MS });
    const readings = { ...NOTHING, 'store-thread': () => commit(1) };
    progress.look(0, readings);
    expect(progress.look(3_600_000, readings)).toEqual([]);
  });

  it('negative control: the same work in the same time, looked at in each turn', () => {
    expect(firstStallMs(() => commit(1), { untilMs: 3_600_000 })).toBeDefined();
  });
});
