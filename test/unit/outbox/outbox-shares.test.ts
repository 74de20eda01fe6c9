/** Alarms, live messages and the backlog in one stream: their priority, their shares, and their order. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alarmLaneOf } from '../../../src/custody/lane-number.ts';
import { AlarmTopics } from '../../../src/outbox/alarm-topics.ts';
import type { Sending } from '../../../src/outbox/outbox-contract.ts';
import { OutboxBench, topicsOf } from './outbox-rig.ts';

const LIVE = 2;
const ALARMS = alarmLaneOf(1);

/** Backlog of subdevice 1 at the return of the hub. */
function withBacklog(liveShare = 0.5, inFlightMax = 100): OutboxBench {
  const bench = new OutboxBench({ inFlightMax, liveShare });
  for (let count = 0; count < 16; count += 1) bench.offer('old');
  return bench.connect();
}

/** Sends the next `count` messages, each acknowledged. */
function take(bench: OutboxBench, count: number): string[] {
  return Array.from({ length: count }, () => {
    const sending = bench.outbox.next(bench.nowMs);
    if (sending !== undefined) bench.outbox.acknowledged(sending.packetId);
    return sending?.entry.row.topic ?? 'nothing';
  });
}

function countOf(topic: string, topics: readonly string[]): number {
  return topics.filter((one) => one === topic).length;
}

describe('live messages and a backlog', () => {
  it.each([
    [0, 0],
    [0.25, 3],
    [0.5, 6],
    [0.9, 11],
    [1, 12],
  ])('with a share of %f: of twelve, %i are live', (liveShare, live) => {
    const bench = withBacklog(liveShare);
    for (let count = 0; count < 16; count += 1) bench.offer('new', { lane: LIVE });
    const got = countOf('new', take(bench, 12));
    expect(got).toBeGreaterThanOrEqual(live - 1);
    expect(got).toBeLessThanOrEqual(live + 1);
  });

  it('a live message after a silence is sent at once', () => {
    const bench = withBacklog();
    take(bench, 5);
    bench.offer('new', { lane: LIVE });
    expect(take(bench, 1)).toEqual(['new']);
  });

  it('an unused share goes to the other class', () => {
    expect(countOf('old', take(withBacklog(1), 10))).toBe(10);
    const bench = new OutboxBench({ liveShare: 0 }).connect();
    for (let count = 0; count < 10; count += 1) bench.offer('new', { lane: LIVE });
    expect(take(bench, 10)).toEqual(Array(10).fill('new'));
  });

  it('a live message waits for the backlog of its own subdevice, and then its lane is live', () => {
    const bench = withBacklog(1);
    bench.offer('new');
    expect(bench.outbox.classOf(1)).toBe('backlog');
    const topics = take(bench, 16);
    expect(topics).toEqual(Array(16).fill('old'));
    bench.commit();
    bench.page();
    expect(bench.outbox.classOf(1)).toBe('live');
    expect(take(bench, 1)).toEqual(['new']);
  });

  it('a message from an earlier connection is backlog in the next', () => {
    const bench = new OutboxBench().connect();
    bench.offer('new', { lane: LIVE });
    expect(bench.outbox.classOf(LIVE)).toBe('live');
    bench.disconnect();
    expect(bench.outbox.classOf(LIVE)).toBe('backlog');
    bench.connect();
    expect(bench.outbox.classOf(LIVE)).toBe('backlog');
  });
});

describe('an alarm', () => {
  it('overtakes the backlog of its own subdevice, and live messages', () => {
    const bench = withBacklog();
    bench.offer('new', { lane: LIVE });
    bench.offer('alarm', { lane: ALARMS });
    expect(take(bench, 1)).toEqual(['alarm']);
  });

  it('does not wait for PUBACKs of lower classes', () => {
    const bench = withBacklog(0.5, 4);
    expect(bench.send()).toHaveLength(4);
    bench.offer('alarm', { lane: ALARMS });
    expect(topicsOf(bench.send())).toEqual(['alarm']);
  });

  it('leaves one of five to the others, for any number of alarms', () => {
    const bench = withBacklog();
    for (let count = 0; count < 16; count += 1) bench.offer('alarm', { lane: ALARMS });
    expect(countOf('alarm', take(bench, 15))).toBe(12);
  });

  it('takes the room of the oldest ordinary message of its subdevice with drop-oldest', () => {
    const bench = new OutboxBench({ messagesMax: 2 });
    bench.offer('old');
    bench.offer('older');
    expect(bench.offer('alarm', { lane: ALARMS, overflow: 'drop-oldest' }).kind).toBe('accepted');
    expect(bench.custodian.lane(1).window.map(({ row }) => row.topic)).toEqual(['older']);
  });

  it('of an earlier process is read from disk before the backlog', () => {
    const first = new OutboxBench();
    for (let count = 0; count < 40; count += 1) first.offer('old');
    first.offer('alarm', { lane: ALARMS });
    first.commit();
    const bench = new OutboxBench({}, first.disk).connect();
    bench.page();
    expect(topicsOf(bench.send())[0]).toBe('alarm');
  });
});

describe('order', () => {
  it('order is kept within each subdevice and topic, for any shares, alarms and connections', () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ lane: fc.integer({ min: 1, max: 3 }), isAlarm: fc.boolean() }) },
      { weight: 4, arbitrary: fc.constant('take' as const) },
      { weight: 1, arbitrary: fc.constant('reconnect' as const) },
      { weight: 1, arbitrary: fc.constant('commit' as const) },
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 200, size: 'max' }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (steps, share) => {
          const bench = new OutboxBench({ inFlightMax: 3, liveShare: share }).connect();
          const newest = new Map<string, number>();
          const seen = new Set<number>();
          let flying: Sending[] = [];
          const send = (): void => {
            for (const sending of bench.send()) {
              const { lane, topic, seq } = sending.entry.row;
              if (!seen.has(seq)) expect(seq).toBeGreaterThan(newest.get(`${lane} ${topic}`) ?? 0);
              if (!seen.has(seq)) newest.set(`${lane} ${topic}`, seq);
              seen.add(seq);
              flying.push(sending);
            }
          };
          const acknowledge = (count: number): void => {
            for (const { packetId } of flying.splice(0, count)) bench.outbox.acknowledged(packetId);
          };
          const reconnect = (): void => {
            flying = [];
            bench.disconnect();
            bench.connect();
          };
          const commit = (): void => {
            bench.commit();
            bench.page();
          };
          for (const one of steps) {
            if (one === 'take') {
              send();
              acknowledge(2);
            } else if (one === 'commit') commit();
            else if (one === 'reconnect') reconnect();
            else if (one.isAlarm) bench.offer('alarm', { lane: alarmLaneOf(one.lane) });
            else bench.offer('t', { lane: one.lane });
          }
          for (let turn = 0; turn < 200 && bench.custodian.pending > 0; turn += 1) {
            send();
            acknowledge(100);
            commit();
          }
          expect([bench.custodian.pending, bench.custodian.imbalance()]).toEqual([0, 0]);
        },
      ),
    );
  });
});

describe('the alarm topics', () => {
  function topicsWith(configured: readonly string[], inForce: readonly string[]) {
    const state = { isEmpty: false, changed: [] as (readonly string[])[] };
    const topics = new AlarmTopics({
      configured,
      inForce,
      isEmpty: () => state.isEmpty,
      changed: (filters) => state.changed.push(filters),
    });
    return { state, topics };
  }

  it('are found by filters on the subdevice’s own names', () => {
    const { topics } = topicsWith(['alarm', '+/alarm'], ['+/alarm', 'alarm']);
    expect(topics.isSettled).toBe(true);
    expect([topics.laneOf(7, 'alarm'), topics.laneOf(7, 'door/alarm')]).toEqual([alarmLaneOf(7), alarmLaneOf(7)]);
    expect([topics.laneOf(7, 'a/b/alarm'), topics.laneOf(7, 'event')]).toEqual([7, 7]);
  });

  it('change only when no message waits, so that no message is overtaken by a later one of its topic', () => {
    const { topics, state } = topicsWith(['door'], ['fire']);
    expect([topics.laneOf(1, 'door'), topics.laneOf(1, 'fire')]).toEqual([1, alarmLaneOf(1)]);
    expect([topics.isSettled, state.changed]).toEqual([false, []]);
    state.isEmpty = true;
    expect([topics.laneOf(1, 'door'), topics.laneOf(1, 'fire')]).toEqual([alarmLaneOf(1), 1]);
    expect([topics.isSettled, state.changed]).toEqual([true, [['door']]]);
  });
});
