import { describe, expect, it } from 'vitest';
import { HubBench, OPTIONS } from './hub-rig.ts';

const { ceilingMs } = OPTIONS.reconnect;
const PAUSE_MS_MAX = 15 * 60_000;
/** Delay of a competing client after its own floor, ms. */
const SOON_MS = 5000;

/** Waits for the next attempt, connects, and stays silent for `quietMs`. @returns the pause before it, ms */
function connect(bench: HubBench, lastsMs = SOON_MS, sessionPresent = true): number {
  const fromMs = bench.nowMs;
  if (bench.client.state === 'stopped') bench.input({ kind: 'start' });
  const untilMs = bench.client.nextAttemptAtMs;
  if (untilMs !== undefined) bench.pass(untilMs - fromMs);
  const pauseMs = bench.nowMs - fromMs;
  bench.input({ kind: 'opened' }).receive({ kind: 'connack', sessionPresent, returnCode: 0 });
  for (let leftMs = lastsMs; leftMs > 0; leftMs -= 20_000) {
    bench.pass(Math.min(leftMs, 20_000));
    if (bench.sent().some(({ kind }) => kind === 'pingreq')) bench.receive({ kind: 'pingresp' });
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
  it('is recognised at the third lost connection, reported once, and not before', () => {
    const bench = new HubBench();
    const reported: number[] = [];
    for (const before of [0, 0, 0, 3, 4]) {
      connect(bench);
      expect(takeovers(bench)).toBe(before);
      close(bench);
      reported.push(...bench.reports().flatMap((report) => (report.kind === 'takenOver' ? [report.times] : [])));
    }
    expect([reported, takeovers(bench)]).toEqual([[3], 5]);
  });

  it('has its start at the end of the first lost connection, for any number of rounds', () => {
    const bench = new HubBench();
    lose(bench, 1);
    const sinceMs = bench.nowMs;
    for (let round = 0; round < 6; round += 1) {
      lose(bench, 1);
      if (takeovers(bench) > 0) expect(bench.client.takeovers(bench.nowMs).sinceMs).toBe(sinceMs);
    }
    expect(takeovers(bench)).toBe(7);
  });

  it('has growing pauses, up to a quarter of an hour', () => {
    const bench = new HubBench({ random: () => 0.999 });
    const pauses = lose(bench, 16);
    expect(Math.max(...pauses.slice(0, 3))).toBeLessThanOrEqual(ceilingMs);
    for (const [index, pauseMs] of pauses.slice(4).entries())
      expect(pauseMs).toBeGreaterThan((pauses[index + 3] ?? 0) - 1);
    expect(pauses[4]).toBeGreaterThan(ceilingMs);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(PAUSE_MS_MAX);
    expect(pauses.at(-1)).toBeGreaterThan(PAUSE_MS_MAX * 0.9);
  });

  it('is cleared when a connection lasts twice as long as the pause before it', () => {
    const bench = new HubBench();
    const pauses = lose(bench, 6);
    connect(bench, 2 * PAUSE_MS_MAX);
    expect(takeovers(bench)).toBe(0);
    close(bench);
    expect(connect(bench)).toBeLessThanOrEqual(ceilingMs);
    expect(pauses).toHaveLength(6);
  });

  it('is still suspected when the hub rejects an attempt as too soon, by a close before CONNACK or by a code', () => {
    const bench = new HubBench();
    lose(bench, 2);
    bench.pass((bench.client.nextAttemptAtMs ?? 0) - bench.nowMs);
    close(bench.input({ kind: 'opened' }));
    bench.pass((bench.client.nextAttemptAtMs ?? 0) - bench.nowMs);
    close(bench.input({ kind: 'opened' }).receive({ kind: 'connack', sessionPresent: false, returnCode: 3 }));
    lose(bench, 1);
    expect(takeovers(bench)).toBe(3);
  });
});

describe('the statistics of takeovers', () => {
  it('contain the duration of the connections', () => {
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

  it('contain a session that was lost in between: not at the first connection, and not after a quiet one', () => {
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
  it('if each attempt is closed before CONNACK, for any number of attempts', () => {
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
    ['the hub never answers', (bench: HubBench) => close(bench.pass(OPTIONS.connectMsMax))],
    [
      'a connection dies of silence',
      (bench: HubBench) => {
        bench.input({ kind: 'opened' }).receive({ kind: 'connack', sessionPresent: true, returnCode: 0 });
        close(bench.pass(120_000));
      },
    ],
  ])('if %s in between', (_what, trouble) => {
    const bench = new HubBench();
    for (let round = 0; round < 5; round += 1) {
      lose(bench, 2);
      bench.pass((bench.client.nextAttemptAtMs ?? 0) - bench.nowMs);
      trouble(bench);
      expect(takeovers(bench)).toBe(0);
    }
  });

  it('if connections last a minute', () => {
    const bench = new HubBench();
    for (let round = 0; round < 10; round += 1) {
      connect(bench, 60_000);
      close(bench);
    }
    expect(takeovers(bench)).toBe(0);
  });

  it('if the hub closes after packets of the gateway without an answer to any of them', () => {
    const bench = new HubBench();
    for (let round = 0; round < 10; round += 1) {
      connect(bench);
      const publish = { topic: 't', payload: Uint8Array.of(1), qos: 1, packetId: 7, dup: round > 0 } as const;
      close(bench.input({ kind: 'publish', messages: [publish] }));
    }
    expect(takeovers(bench)).toBe(0);
  });
});
