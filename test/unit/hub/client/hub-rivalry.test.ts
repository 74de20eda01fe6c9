import { describe, expect, it } from 'vitest';
import { HubBench, OPTIONS } from './hub-rig.ts';

const { ceilingMs } = OPTIONS.reconnect;
const PAUSE_MS_MAX = 15 * 60_000;
/** A rival comes back after about its floor. */
const SOON_MS = 5000;

/** Waits for the next attempt, gets through, and says nothing for a while. @returns the pause before it, ms */
function connect(bench: HubBench, lastsMs = SOON_MS, sessionPresent = true): number {
  const fromMs = bench.nowMs;
  if (bench.client.state === 'stopped') bench.input({ kind: 'start' });
  const untilMs = bench.client.nextAttemptAtMs;
  if (untilMs !== undefined) bench.pass(untilMs - fromMs);
  const pauseMs = bench.nowMs - fromMs;
  bench.input({ kind: 'opened' }).say({ kind: 'connack', sessionPresent, returnCode: 0 });
  for (let leftMs = lastsMs; leftMs > 0; leftMs -= 20_000) {
    bench.pass(Math.min(leftMs, 20_000));
    if (bench.sent().some(({ kind }) => kind === 'pingreq')) bench.say({ kind: 'pingresp' });
  }
  return pauseMs;
}

const close = (bench: HubBench): HubBench => bench.input({ kind: 'closed', reason: 'the hub closed the connection' });

function lose(bench: HubBench, times: number): number[] {
  return Array.from({ length: times }, () => {
    const pauseMs = connect(bench);
    close(bench);
    return pauseMs;
  });
}

const takeovers = (bench: HubBench): number => bench.client.takeovers(bench.nowMs).times;

describe('another gateway with our identity', () => {
  it('is noticed at the third connection it takes, told once, and not before', () => {
    const bench = new HubBench();
    const told: number[] = [];
    for (const before of [0, 0, 0, 3, 4]) {
      connect(bench);
      expect(takeovers(bench)).toBe(before);
      close(bench);
      told.push(...bench.reports().flatMap((report) => (report.kind === 'takenOver' ? [report.times] : [])));
    }
    expect([told, takeovers(bench)]).toEqual([[3], 5]);
  });

  it('has lasted since the end of the first connection it took, however many rounds follow', () => {
    const bench = new HubBench();
    lose(bench, 1);
    const sinceMs = bench.nowMs;
    for (let round = 0; round < 6; round += 1) {
      lose(bench, 1);
      if (takeovers(bench) > 0) expect(bench.client.takeovers(bench.nowMs).sinceMs).toBe(sinceMs);
    }
    expect(takeovers(bench)).toBe(7);
  });

  it('gets longer and longer turns, up to a quarter of an hour', () => {
    const bench = new HubBench({ random: () => 0.999 });
    const pauses = lose(bench, 16);
    expect(Math.max(...pauses.slice(0, 3))).toBeLessThanOrEqual(ceilingMs);
    for (const [index, pauseMs] of pauses.slice(4).entries())
      expect(pauseMs).toBeGreaterThan((pauses[index + 3] ?? 0) - 1);
    expect(pauses[4]).toBeGreaterThan(ceilingMs);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(PAUSE_MS_MAX);
    expect(pauses.at(-1)).toBeGreaterThan(PAUSE_MS_MAX * 0.9);
  });

  it('is forgotten when a connection lasts twice as long as we had stayed away', () => {
    const bench = new HubBench();
    const pauses = lose(bench, 6);
    connect(bench, 2 * PAUSE_MS_MAX);
    expect(takeovers(bench)).toBe(0);
    close(bench);
    expect(connect(bench)).toBeLessThanOrEqual(ceilingMs);
    expect(pauses).toHaveLength(6);
  });

  it('is still suspected when the hub finds an attempt too soon and closes before CONNACK, or refuses', () => {
    const bench = new HubBench();
    lose(bench, 2);
    bench.pass((bench.client.nextAttemptAtMs ?? 0) - bench.nowMs);
    close(bench.input({ kind: 'opened' }));
    bench.pass((bench.client.nextAttemptAtMs ?? 0) - bench.nowMs);
    close(bench.input({ kind: 'opened' }).say({ kind: 'connack', sessionPresent: false, returnCode: 3 }));
    lose(bench, 1);
    expect(takeovers(bench)).toBe(3);
  });
});

describe('what is known of those who close', () => {
  it('is for how long the connections lasted', () => {
    const bench = new HubBench();
    for (const lastsMs of [3000, 700, 9000]) {
      connect(bench, lastsMs);
      close(bench);
    }
    expect(bench.client.takeovers(bench.nowMs)).toEqual({
      times: 3,
      shortestMs: 700,
      longestMs: 9000,
      sinceMs: 3000,
      sessionsGone: 0,
    });
  });

  it('is that our session was gone in between: not at the first connection, and not after a quiet one', () => {
    const bench = new HubBench();
    for (const sessionPresent of [false, true, false, false]) {
      connect(bench, SOON_MS, sessionPresent);
      close(bench);
    }
    expect(bench.client.takeovers(bench.nowMs)).toMatchObject({ times: 4, sessionsGone: 2 });
    connect(bench, 2 * PAUSE_MS_MAX);
    close(bench);
    lose(bench, 3);
    expect(bench.client.takeovers(bench.nowMs)).toMatchObject({ times: 3, sessionsGone: 0 });
  });
});

describe('no other gateway is suspected', () => {
  it('when each attempt is closed before CONNACK, however often: nobody takes what was never given', () => {
    const bench = new HubBench();
    bench.input({ kind: 'start' });
    for (let round = 0; round < 20; round += 1) {
      close(bench.input({ kind: 'opened' }));
      bench.pass((bench.client.nextAttemptAtMs ?? 0) - bench.nowMs);
    }
    expect(takeovers(bench)).toBe(0);
  });

  it.each([
    ['an attempt fails', (bench: HubBench) => close(bench)],
    ['nobody answers', (bench: HubBench) => close(bench.pass(OPTIONS.connectMsMax))],
    [
      'a connection dies of silence',
      (bench: HubBench) => {
        bench.input({ kind: 'opened' }).say({ kind: 'connack', sessionPresent: true, returnCode: 0 });
        close(bench.pass(120_000));
      },
    ],
  ])('when %s in between', (_what, trouble) => {
    const bench = new HubBench();
    for (let round = 0; round < 5; round += 1) {
      lose(bench, 2);
      bench.pass((bench.client.nextAttemptAtMs ?? 0) - bench.nowMs);
      trouble(bench);
      expect(takeovers(bench)).toBe(0);
    }
  });

  it('when connections last a minute', () => {
    const bench = new HubBench();
    for (let round = 0; round < 10; round += 1) {
      connect(bench, 60_000);
      close(bench);
    }
    expect(takeovers(bench)).toBe(0);
  });

  it('when the hub closes upon what we sent, without having answered any of it', () => {
    const bench = new HubBench();
    for (let round = 0; round < 10; round += 1) {
      connect(bench);
      const publish = { topic: 't', payload: Uint8Array.of(1), qos: 1, packetId: 7, dup: round > 0 } as const;
      close(bench.input({ kind: 'publish', publish }));
    }
    expect(takeovers(bench)).toBe(0);
  });
});
