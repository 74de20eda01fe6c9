/** Prospects of a waiting message: when it goes, and what would shed it before. */
import { describe, expect, it } from 'vitest';
import { alarmLaneOf } from '../../../../src/custody/lane-number.ts';
import {
  othersBefore,
  uplinkEstimate,
  uplinkReasons,
  type WaitingUplink,
} from '../../../../src/ops/explain/explain-uplink.ts';
import { downlinkShedRules, uplinkShedRules } from '../../../../src/ops/explain/shed-rules.ts';
import type { GatewayView } from '../../../../src/ops/gateway-view.ts';
import { OutboxBench } from '../../outbox/outbox-rig.ts';

const HOUR_MS = 3_600_000;
const EXACT = { ms: HOUR_MS, quality: 'exact' } as const;
const WAITING = { age: EXACT, before: { min: 3, max: 3 } };
const ROOM = { messagesLeft: 90, bytesLeft: 1024, ageMsMax: 0 };

describe('the rule that sheds an uplink', () => {
  it.each([
    ['reject', 'none', /90 messages or 1\.0 KiB away\), new messages are rejected/],
    ['drop-newest', 'none', /new messages are shed \(drop-newest\)/],
    ['drop-oldest', 'overflow', /90 messages or 1\.0 KiB away\. 3 messages of its subdevice are shed before it/],
    ['keep-latest', 'replaced', /the next message on its topic replaces it/],
  ] as const)('with %s is %s', (overflow, rule, words) => {
    const [first, ...more] = uplinkShedRules({ ...ROOM, overflow }, WAITING);
    expect(first?.rule).toBe(rule);
    expect(first?.sentence).toMatch(words);
    expect(more).toEqual([]);
  });

  it('is the age too, if there is a bound', () => {
    const rules = uplinkShedRules({ ...ROOM, overflow: 'drop-oldest', ageMsMax: 3 * HOUR_MS }, WAITING);
    expect(rules.map(({ rule }) => rule)).toEqual(['age', 'overflow']);
    expect(rules[0]).toMatchObject({ msLeft: 2 * HOUR_MS, sentence: expect.stringContaining('It expires in 2 h') });
    const old = { ...WAITING, age: { ms: 3 * HOUR_MS + 1, quality: 'at_least' } as const };
    expect(uplinkShedRules({ ...ROOM, overflow: 'reject', ageMsMax: 3 * HOUR_MS }, old)[0]).toMatchObject({
      rule: 'age',
      msLeft: 0,
      sentence: expect.stringContaining('at most'),
    });
  });
});

describe('the rule that sheds a downlink', () => {
  const bounds = { overflow: 'drop-oldest', messagesLeft: 10, ageMsMax: 24 * HOUR_MS, lasting: true } as const;

  it('is the nearest of age, overflow and session', () => {
    expect(downlinkShedRules(bounds, WAITING)).toMatchObject([
      { rule: 'age', msLeft: 23 * HOUR_MS },
      { rule: 'overflow', messagesLeft: 13 },
    ]);
    expect(downlinkShedRules({ ...bounds, lasting: false }, WAITING).at(-1)?.rule).toBe('session');
    expect(downlinkShedRules({ ...bounds, overflow: 'drop-newest', ageMsMax: 0 }, WAITING)).toMatchObject([
      { rule: 'none', sentence: expect.stringContaining('10 messages away') },
    ]);
  });
});

const UNLIMITED = { pause: null, rate: null };

function estimate(bench: OutboxBench, waiting: WaitingUplink, ratePerS: number, backlog: object = UNLIMITED) {
  const gateway = {
    ...{ outbox: bench.outbox, uplinks: bench.custodian, watch: { away: undefined } },
    ...{ hub: { client: {} }, clock: { nowMs: () => bench.nowMs }, backlog: { state: backlog } },
  } as unknown as GatewayView;
  return uplinkEstimate(gateway, waiting, uplinkReasons(gateway, waiting), ratePerS);
}

describe('the time at which an uplink goes', () => {
  const behind = { lane: 1, entry: undefined, before: { min: 9, max: 9 }, othersBefore: 10 };

  it('rests on the measured rate of its subdevice, otherwise on the limit of the hub, otherwise it is unknown', () => {
    const limited = new OutboxBench({ messagesPerS: 20 }).connect();
    expect(estimate(limited, behind, 2)).toEqual({ inMs: 5000, basis: expect.stringContaining('2.0/s now') });
    const atLimit = estimate(limited, behind, 0);
    expect(atLimit.inMs).toBeCloseTo(20_000 / 19, 5);
    expect(atLimit.basis).toContain('limit of the hub');
    expect(estimate(new OutboxBench().connect(), behind, 0)).toEqual({
      inMs: null,
      basis: expect.stringMatching(/^Unknown, because nothing/),
    });
  });

  it('follows a lower rate of the operator, and names no time while the backlog is paused', () => {
    const limit = (perS: number) => ({ perS, sinceMs: 0, leftMs: 86_400_000 });
    const slowed = estimate(new OutboxBench({ messagesPerS: 20 }), behind, 0, { pause: null, rate: limit(0.1) });
    expect(slowed.basis).toContain('about 3 min if all go at 0.1/s, the limit of the operator');
    const paused = estimate(new OutboxBench({ messagesPerS: 20 }), behind, 0, { pause: limit(0), rate: null });
    expect(paused).toEqual({ inMs: null, basis: 'Unknown, because the hub is away.' });
  });

  it('is unknown while the hub is away, with the time after its return', () => {
    const { inMs, basis } = estimate(new OutboxBench({ messagesPerS: 20 }), behind, 0);
    expect(inMs).toBeNull();
    expect(basis).toMatch(
      /^Unknown, because the hub is away\. Once it is back: about 1 s if all go at 19\/s, the limit of the hub/,
    );
  });
});

it('messages of other subdevices before it are all alarms, and a turn of each lane for each message before it', () => {
  const bench = new OutboxBench().fill('a', 'a', 'a');
  for (let count = 0; count < 9; count += 1) bench.offer('b', { lane: 2 });
  for (let count = 0; count < 5; count += 1) bench.offer('alarm', { lane: alarmLaneOf(3) });
  const gateway = { outbox: bench.outbox, uplinks: bench.custodian } as unknown as GatewayView;
  expect(othersBefore(gateway, 1, 0)).toBe(6);
  expect(othersBefore(gateway, 1, 2)).toBe(8);
  expect(othersBefore(gateway, alarmLaneOf(3), 4)).toBe(0);
});
