/** Requests for the time of the hub: when they are sent, and which answers are accepted. */
import { describe, expect, it } from 'vitest';
import type { Message } from '../../../../src/base/message.ts';
import { NtpService } from '../../../../src/bench/hub/services/ntp.ts';
import { HubTime } from '../../../../src/hub/session/hub-time.ts';

const RIGHT_MS = 1_800_000_000_000;
const DAY_MS = 86_400_000;
const ANSWERS = '$sys/operation/result/PPPPPPPPPP/gw';

/** A station and a hub; the test controls the way between them. */
function line() {
  const time = new HubTime({ productId: 'PPPPPPPPPP', deviceName: 'gw' });
  const hub = new NtpService();
  /** Answer of the hub to the next request, made at `atMs` by a clock that is off; `undefined`: no request. */
  const ask = (nowMs: number, atMs = nowMs, offByMs = 0): Message | undefined => {
    const request = time.next(nowMs);
    if (request === undefined) return undefined;
    const from = { clientId: 'PPPPPPPPPPgw', owns: () => true };
    return hub.answer({ ...request, qos: 0 }, from, RIGHT_MS + atMs + offByMs)?.[0];
  };
  const hear = (answer: Message | undefined, nowMs: number) => time.onReceived(answer ?? saying('nothing'), nowMs);
  time.connected(0);
  return { time, hub, ask, hear };
}

function saying(text: string): Message {
  return { topic: ANSWERS, payload: new TextEncoder().encode(text), qos: 1 };
}

describe('the time', () => {
  it('is requested after a connection, and reported once two answers agree', () => {
    const { time, ask, hear } = line();
    expect(time.filters).toEqual([ANSWERS]);
    expect(hear(ask(0, 30), 60)).toEqual([]);
    expect([time.wakeAtMs(), time.next(9999)]).toEqual([10_000, undefined]);
    expect(hear(ask(10_000, 10_030), 10_060)).toEqual([{ kind: 'time', wallMs: RIGHT_MS + 10_060, errorMs: 30 }]);
  });

  it('is requested again a day later, and in the next connection', () => {
    const { time, ask, hear } = line();
    hear(ask(0), 0);
    hear(ask(10_000), 10_000);
    expect(time.wakeAtMs()).toBe(10_000 + DAY_MS);
    time.disconnected();
    expect([time.wakeAtMs(), time.next(20_000)]).toEqual([undefined, undefined]);
    time.connected(30_000);
    expect(time.next(30_000)).toMatchObject({ topic: '$sys/operation/PPPPPPPPPP/gw' });
  });

  it('is requested at once when the clock has stepped', () => {
    const { time, ask, hear } = line();
    hear(ask(0), 0);
    hear(ask(10_000), 10_000);
    time.ask(500_000);
    expect(time.wakeAtMs()).toBe(500_000);
  });

  it('of a hub without ms is accurate to half a second', () => {
    const { hub, ask, hear } = line();
    hub.answersStamps = false;
    hear(ask(0, 400), 800);
    expect(hear(ask(10_000, 10_700), 11_400)).toEqual([
      { kind: 'time', wallMs: RIGHT_MS + 10_000 + 500 + 700, errorMs: 500 + 700 },
    ]);
  });

  it('that does not come is requested five times at growing intervals, and then a day later', () => {
    const { time } = line();
    const asked: number[] = [];
    for (let nowMs = 0; nowMs <= 2 * DAY_MS; nowMs += 10_000) if (time.next(nowMs) !== undefined) asked.push(nowMs);
    const tomorrowMs = 150_000 + DAY_MS;
    const distances = [0, 10_000, 30_000, 70_000, 150_000];
    expect(asked).toEqual([...distances, ...distances.map((ms) => tomorrowMs + ms)]);
  });
});

describe('an answer', () => {
  it('that was not requested is ignored', () => {
    const { ask, hear, time } = line();
    const first = ask(0);
    hear(first, 0);
    expect(hear(first, 100)).toEqual([]);
    expect(time.wakeAtMs()).toBe(10_000);
  });

  it('that comes too late is ignored, and so is an unreadable one', () => {
    const { ask, hear } = line();
    hear(ask(0), 4001);
    expect(hear(ask(10_000), 10_000)).toEqual([]);
    for (const text of ['', '{', '7', '{"type":"get"}', '{"type":"get","time":"now"}', '{"type":"get","time":-1}']) {
      const { ask: again, hear: listen } = line();
      listen(again(0), 0);
      again(10_000);
      expect(listen(saying(text), 10_000)).toEqual([]);
    }
  });

  it('of an earlier connection, stored and delivered now, is ignored', () => {
    const { time, ask, hear } = line();
    const stored = ask(0);
    time.disconnected();
    time.connected(3_600_000);
    ask(3_600_000);
    expect(hear(stored, 3_600_050)).toEqual([]);
    expect(hear(ask(3_610_000), 3_610_000)).toEqual([]);
    expect(hear(ask(3_630_000), 3_630_000)).toMatchObject([{ wallMs: RIGHT_MS + 3_630_000 }]);
  });

  it('of a hub that is always one answer late is always ignored', () => {
    const { ask, hear } = line();
    let behind: Message | undefined;
    const onReceived: unknown[] = [];
    for (let nowMs = 0; nowMs <= 2 * DAY_MS; nowMs += 10_000) {
      const answer = ask(nowMs);
      if (answer === undefined) continue;
      onReceived.push(...hear(behind, nowMs));
      behind = answer;
    }
    expect(onReceived).toEqual([]);
  });

  it('by a clock that jumps is compared with the next one', () => {
    const { ask, hear } = line();
    hear(ask(0, 0, 90_000), 0);
    expect(hear(ask(10_000), 10_000)).toEqual([]);
    expect(hear(ask(30_000), 30_000)).toMatchObject([{ wallMs: RIGHT_MS + 30_000 }]);
  });
});
