/** Names of messages: printed and parsed, and the place of a message in its lane. */
import { expect, it } from 'vitest';
import { alarmLaneOf } from '../../../src/custody/lane-number.ts';
import { messageName, parseMessageName } from '../../../src/custody/message-name.ts';
import { OutboxBench } from '../outbox/outbox-rig.ts';

it.each([
  ['u7-1234', { direction: 'uplink', subdevice: 7, seq: 1234 }],
  ['d7-1234', { direction: 'downlink', subdevice: 7, seq: 1234 }],
  ['u1234', { direction: 'uplink', subdevice: undefined, seq: 1234 }],
  ['pump-7', undefined],
  ['u', undefined],
  ['u7-', undefined],
  ['x7-1', undefined],
  ['u7-1 ', undefined],
  ['u7-1234567890123456', undefined],
])('%s is %o', (text, named) => {
  expect(parseMessageName(text)).toEqual(named);
});

it('an alarm has the number of its subdevice in its name', () => {
  expect(messageName('uplink', alarmLaneOf(7), 12)).toBe('u7-12');
  expect(messageName('downlink', 7, 12)).toBe('d7-12');
});

it('the place in the lane is exact in RAM, and a range for a row on disk only', () => {
  const bench = new OutboxBench();
  for (let count = 0; count < 40; count += 1) bench.fill('t');
  const lane = bench.custodian.lane(1);
  expect([lane.window.length, lane.rowsOnDisk]).toEqual([16, 24]);
  expect(lane.before(1)).toEqual({ min: 0, max: 0 });
  expect(lane.before(16)).toEqual({ min: 15, max: 15 });
  for (let seq = 17; seq <= 40; seq += 1) {
    const { min, max } = lane.before(seq);
    expect(min).toBeLessThanOrEqual(seq - 1);
    expect(max).toBeGreaterThanOrEqual(seq - 1);
    expect(max).toBeLessThan(lane.pending);
  }
  bench.offer('newest'); // in the tail: behind all rows on disk
  expect(lane.before(41)).toEqual({ min: 40, max: 40 });
  expect(lane.entryOf(41)?.row.topic).toBe('newest');
  expect(lane.entryOf(20)).toBeUndefined();
});
