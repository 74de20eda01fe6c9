/** Limits of the backlog by command: it waits or is slower, and nothing else is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alarmLaneOf } from '../../../src/custody/lane-number.ts';
import { OutboxBench, topicsOf } from './outbox-rig.ts';

const LIVE = 2;
const PAUSED = { isPaused: true, perS: undefined };
const OPEN = { isPaused: false, perS: undefined };

/** Backlog of subdevice 1 at the return of the hub. */
function withBacklog(count = 8): OutboxBench {
  const bench = new OutboxBench({ inFlightMax: 100 });
  for (let left = count; left > 0; left -= 1) bench.offer('old');
  return bench.connect();
}

describe('a paused backlog', () => {
  it('is not sent, and alarms and live messages are', () => {
    const bench = withBacklog();
    bench.outbox.setBacklogPace(PAUSED);
    bench.offer('new', { lane: LIVE });
    bench.offer('alarm', { lane: alarmLaneOf(1) });
    expect(topicsOf(bench.send())).toEqual(['alarm', 'new']);
    expect(bench.outbox.backlogAtMs).toBeUndefined();
  });

  it('keeps back new messages of its own subdevice, so that the order is kept', () => {
    const bench = withBacklog(2);
    bench.outbox.setBacklogPace(PAUSED);
    bench.offer('old');
    bench.offer('other topic');
    expect(bench.send()).toEqual([]);
    bench.outbox.setBacklogPace(OPEN);
    expect(topicsOf(bench.send())).toEqual(['old', 'old', 'old', 'other topic']);
  });

  it('lets messages through that were sent before, since the hub may have them', () => {
    const bench = withBacklog(2);
    expect(bench.send()).toHaveLength(2);
    bench.disconnect();
    bench.outbox.setBacklogPace(PAUSED);
    bench.offer('old');
    bench.connect();
    expect(bench.send().map(({ dup }) => dup)).toEqual([true, true]);
  });

  it('does not keep back live messages once the old ones before them have been shed', () => {
    const bench = withBacklog(2);
    bench.outbox.setBacklogPace(PAUSED);
    bench.offer('new');
    expect(bench.send()).toEqual([]);
    let left = 2;
    bench.outbox.expire(() => left-- > 0);
    expect(topicsOf(bench.send())).toEqual(['new']);
  });
});

describe('a backlog with a lower rate', () => {
  it.each([
    [0.1, 10_000],
    [1, 1000],
    [4, 250],
  ])('of %f messages/s sends one in %i ms', (perS, intervalMs) => {
    const bench = withBacklog();
    bench.nowMs = 50_000;
    bench.outbox.setBacklogPace({ isPaused: false, perS });
    expect(topicsOf(bench.send())).toEqual(['old']);
    bench.nowMs = bench.outbox.backlogAtMs ?? 0;
    expect(bench.nowMs).toBeGreaterThanOrEqual(50_000 + intervalMs - 10); // the pacer makes up for 10 ms at most
    expect(bench.nowMs).toBeLessThanOrEqual(50_000 + intervalMs);
    bench.nowMs -= 1;
    expect(bench.send()).toEqual([]);
    bench.nowMs += 1;
    expect(topicsOf(bench.send())).toEqual(['old']);
  });

  it('does not slow live messages', () => {
    const bench = withBacklog();
    bench.outbox.setBacklogPace({ isPaused: false, perS: 1 });
    bench.send();
    for (let count = 0; count < 5; count += 1) bench.offer('new', { lane: LIVE });
    expect(topicsOf(bench.send())).toEqual(Array(5).fill('new'));
  });

  it('has no next turn while it is empty', () => {
    const bench = new OutboxBench().connect();
    bench.outbox.setBacklogPace({ isPaused: false, perS: 1 });
    expect(bench.send()).toEqual([]);
    expect(bench.outbox.backlogAtMs).toBeUndefined();
  });
});

it('without a limit the backlog is sent: the control of this file', () => {
  expect(topicsOf(withBacklog(3).send())).toEqual(['old', 'old', 'old']);
});

it('order is kept within each subdevice and topic, and nothing stays behind, for any pauses and rates', () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ lane: fc.integer({ min: 1, max: 3 }), isAlarm: fc.boolean() }) },
    { weight: 3, arbitrary: fc.constant('send' as const) },
    { weight: 1, arbitrary: fc.constantFrom('pause' as const, 'slow' as const, 'open' as const) },
    { weight: 1, arbitrary: fc.constant('reconnect' as const) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
      const bench = new OutboxBench({ inFlightMax: 3 }).connect();
      const newest = new Map<string, number>();
      let offered = 0;
      let acknowledged = 0;
      const send = (): void => {
        bench.nowMs += 300;
        for (let round = 0; round < 40; round += 1)
          for (const { entry, packetId } of bench.send()) {
            const { lane, topic, seq } = entry.row;
            expect(seq).toBeGreaterThan(newest.get(`${lane} ${topic}`) ?? 0);
            newest.set(`${lane} ${topic}`, seq);
            if (bench.outbox.acknowledged(packetId) !== undefined) acknowledged += 1;
          }
      };
      for (const one of steps) {
        if (one === 'send') send();
        else if (one === 'pause') bench.outbox.setBacklogPace(PAUSED);
        else if (one === 'slow') bench.outbox.setBacklogPace({ isPaused: false, perS: 2 });
        else if (one === 'open') bench.outbox.setBacklogPace(OPEN);
        else if (one === 'reconnect') {
          bench.disconnect();
          bench.connect();
        } else {
          offered += 1;
          if (one.isAlarm) bench.offer('alarm', { lane: alarmLaneOf(one.lane) });
          else bench.offer('t', { lane: one.lane });
        }
        bench.commit();
        bench.page();
      }
      bench.outbox.setBacklogPace(OPEN);
      for (let round = 0; round < 60 && acknowledged < offered; round += 1) {
        bench.page();
        send();
      }
      expect(acknowledged).toBe(offered);
    }),
    { numRuns: 200 },
  );
});
