/** Health telemetry among the messages for the hub: never ahead of data, and behind them for a limited time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alarmLaneOf, isAlarmLane } from '../../../src/custody/lane-number.ts';
import type { DocumentTurn } from '../../../src/flow/own-documents.ts';
import { Telemetry } from '../../../src/flow/telemetry.ts';
import { SenderBench } from './sender-rig.ts';

const TOPIC = 'holdfast/gw/health';
const OPTIONS = { topic: TOPIC, everyMinutes: 15, onChange: true, retain: false };
const EVERY_MS = 15 * 60_000;
const LAST_MS = 60_000;
const AFTER_ALARMS_MS = 600_000;

function newTelemetry(make: () => Uint8Array | undefined = () => new Uint8Array(1)): Telemetry {
  const telemetry = new Telemetry(OPTIONS);
  telemetry.attach(make);
  return telemetry;
}

describe('a document', () => {
  it('is due at the connection, then after each interval', () => {
    const telemetry = newTelemetry();
    expect(telemetry.turn(0)).toBe('none');
    telemetry.connected(1000);
    expect(telemetry.turn(1000)).toBe('last');
    expect(telemetry.take(1000)).toEqual({ topic: TOPIC, payload: new Uint8Array(1) });
    expect([telemetry.turn(1000 + EVERY_MS - 1), telemetry.turn(1000 + EVERY_MS)]).toEqual(['none', 'last']);
    expect(telemetry.wakeAtMs(1000)).toBe(1000 + EVERY_MS);
  });

  it.each([
    [LAST_MS - 1, 'last'],
    [LAST_MS, 'after alarms'],
    [AFTER_ALARMS_MS - 1, 'after alarms'],
    [AFTER_ALARMS_MS, 'first'],
  ])('that has waited %i ms is sent %s', (waitedMs, turn) => {
    const telemetry = newTelemetry();
    telemetry.connected(0);
    expect(telemetry.turn(waitedMs)).toBe(turn);
  });

  it('names the times at which its turn changes', () => {
    const telemetry = newTelemetry();
    telemetry.connected(0);
    expect([-1, 0, LAST_MS, AFTER_ALARMS_MS].map((nowMs) => telemetry.wakeAtMs(nowMs))).toEqual([
      0,
      LAST_MS,
      AFTER_ALARMS_MS,
      undefined,
    ]);
  });

  it('is due earlier if a condition changes, at most one in 10 s', () => {
    const telemetry = newTelemetry();
    telemetry.connected(0);
    telemetry.take(0);
    expect([telemetry.changed(5000), telemetry.turn(9999), telemetry.turn(10_000)]).toEqual([true, 'none', 'last']);
    expect(telemetry.changed(11_000), 'one is due already').toBe(false);
    telemetry.take(11_000);
    telemetry.changed(30_000);
    expect(telemetry.turn(30_000)).toBe('last');
  });

  it('is not due without a connection, and connections in a row send at most one in 10 s', () => {
    const telemetry = newTelemetry();
    telemetry.connected(0);
    telemetry.take(0);
    telemetry.disconnected();
    expect([telemetry.turn(EVERY_MS), telemetry.wakeAtMs(0), telemetry.changed(20_000)]).toEqual([
      'none',
      undefined,
      false,
    ]);
    telemetry.connected(3000);
    expect([telemetry.turn(9999), telemetry.turn(10_000)]).toEqual(['none', 'last']);
  });
});

/** Telemetry that takes its turn before all data: a negative control. */
class ImpatientTelemetry extends Telemetry {
  override turn(nowMs: number): DocumentTurn {
    return super.turn(nowMs) === 'none' ? 'none' : 'first';
  }
}

/** Telemetry that never takes a turn while data wait: a negative control. */
class PatientTelemetry extends Telemetry {
  override turn(nowMs: number): DocumentTurn {
    return super.turn(nowMs) === 'none' ? 'none' : 'last';
  }
}

/** Longest time without a document while the hub accepts messages: the wait behind alarms and the pace, with a margin. */
const SILENCE_MS_MAX = EVERY_MS + AFTER_ALARMS_MS + 10_000;

type Step =
  | { readonly kind: 'offer'; readonly lane: number; readonly count: number }
  | { readonly kind: 'acknowledge' }
  | { readonly kind: 'pass'; readonly ms: number };

const steps = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('offer' as const),
      lane: fc.constantFrom(1, 2, alarmLaneOf(1)),
      count: fc.constantFrom(1, 30, 400),
    }),
    fc.constant({ kind: 'acknowledge' as const }),
    fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(10, 1000, 59_000, 130_000) }),
  ),
  { minLength: 5, maxLength: 40 },
);

/** Runs the steps. @returns what is wrong */
function problemsOf(all: readonly Step[], telemetry: Telemetry): string[] {
  const problems: string[] = [];
  const sender = new SenderBench({ inFlightMax: 8, messagesPerS: 1, messagesMax: 100_000 }, telemetry);
  telemetry.attach(() => new Uint8Array(1));
  const { bench, clock } = sender;
  /** Names of the messages that wait, by lane. */
  const waiting = new Map<number, string[]>([1, 2, alarmLaneOf(1)].map((lane) => [lane, []]));
  const sentAtMs: number[] = [];
  let dueAtMs = clock.nowMs();
  let unanswered: number[] = [];
  let offered = 0;
  sender.onSent = ({ topic, packetId }) => {
    const nowMs = clock.nowMs();
    const inASecond = [...sentAtMs, nowMs].filter((atMs) => atMs > nowMs - 1000).length;
    sentAtMs.push(nowMs);
    if (inASecond > 1) problems.push(`${inASecond} messages within a second`);
    if (packetId !== undefined) unanswered.push(packetId);
    if (topic !== TOPIC) {
      const lane = [...waiting.values()].find((names) => names.includes(topic));
      if (lane?.shift() !== topic) problems.push(`${topic} was sent out of order`);
      return;
    }
    const waited = nowMs - dueAtMs;
    for (const [lane, names] of waiting)
      if (names.length > 0 && waited < (isAlarmLane(lane) ? AFTER_ALARMS_MS : LAST_MS))
        problems.push(`a document went ahead of ${names.length} messages after ${waited} ms`);
    dueAtMs = nowMs + EVERY_MS;
  };
  const settle = (): void => {
    bench.nowMs = clock.nowMs();
    bench.commit();
    bench.page();
    sender.mailbox.post(() => sender.sender.send());
  };
  const acknowledge = (): void => {
    const packetIds = unanswered;
    unanswered = [];
    sender.mailbox.post(() => sender.sender.acknowledged(packetIds));
  };
  const pass = (ms: number): void => {
    for (let left = ms; left > 0; left -= 1000) {
      clock.pass(Math.min(left, 1000));
      settle();
      acknowledge(); // a hub that answers once a second
      if (clock.nowMs() - dueAtMs > SILENCE_MS_MAX) problems.push('no document came');
    }
  };
  for (const step of all) {
    if (step.kind === 'pass') pass(step.ms);
    if (step.kind === 'acknowledge') acknowledge();
    if (step.kind === 'offer')
      for (let left = step.count; left > 0; left -= 1) {
        offered += 1;
        waiting.get(step.lane)?.push(`t${offered}`);
        bench.offer(`t${offered}`, { lane: step.lane });
      }
    settle();
  }
  return problems;
}

/** A backlog of half an hour, with live messages and alarms: each wait has its turn. */
const BUSY: readonly Step[] = [
  { kind: 'offer', lane: 2, count: 2000 },
  { kind: 'pass', ms: 30_000 },
  { kind: 'offer', lane: alarmLaneOf(1), count: 400 },
  { kind: 'pass', ms: 1_900_000 },
];

describe('telemetry and data in one paced stream', () => {
  it('keep the order and the pace, and a document goes ahead of data only after its wait', () => {
    fc.assert(
      fc.property(steps, (all) => {
        expect(problemsOf(all, new Telemetry(OPTIONS))).toEqual([]);
      }),
      { numRuns: 60, seed: 20_261, examples: [[[...BUSY]]] },
    );
  });

  it('documents ahead of data are found (negative control)', () => {
    expect(problemsOf(BUSY, new ImpatientTelemetry(OPTIONS))[0]).toMatch(/^a document went ahead of \d+ messages/);
  });

  it('documents that wait without a limit are found (negative control)', () => {
    expect(problemsOf(BUSY, new PatientTelemetry(OPTIONS))).toContain('no document came');
  });
});

describe('a document at the hub sender', () => {
  it('is made when it is sent, with QoS 0, and RETAIN only if configured', () => {
    for (const retain of [false, true]) {
      const telemetry = new Telemetry({ ...OPTIONS, retain });
      let made = 0;
      telemetry.attach(() => {
        made += 1;
        return new Uint8Array([made]);
      });
      const sender = new SenderBench({ inFlightMax: 4 }, telemetry);
      expect(made).toBe(1); // nothing waits, so it was sent at the connection
      const sent: unknown[] = [];
      sender.onSent = (message) => sent.push(message);
      sender.clock.pass(3 * EVERY_MS);
      expect(sent).toHaveLength(3);
      expect(sent[0]).toEqual({
        topic: TOPIC,
        payload: new Uint8Array([2]),
        qos: 0,
        packetId: undefined,
        dup: false,
        ...(retain ? { retain: true } : {}),
      });
    }
  });

  it('that cannot be made is left out', () => {
    const telemetry = newTelemetry(() => undefined);
    const sender = new SenderBench({ inFlightMax: 4 }, telemetry);
    sender.clock.pass(EVERY_MS);
    expect(sender.sent).toEqual([]);
  });
});
