/** Outlook of the outbox: the first bound, the time to drain, and the growth that they rest on. */
import { describe, expect, it } from 'vitest';
import { GrowthMeter } from '../../../../src/ops/reports/growth-meter.ts';
import { boundsReached, drainOf, fullOf, MEASURED_MS_MIN } from '../../../../src/ops/reports/outlook.ts';
import { AWAY } from '../api/control-rig.ts';

const QUEUE = { ...AWAY.outbox, messages: 100, messagesMax: 1100, bytes: 1000, bytesMax: 101_000 };
const NONE = { hubPerS: undefined, operatorPerS: undefined, pausedMs: undefined };
const ROOM = { freeBytes: null, walBytes: 0 };
const growth = (messagesPerS: number, bytesPerS: number, measuredMs = 600_000) => ({
  messagesPerS,
  bytesPerS,
  measuredMs,
});

describe('the bound that is reached first', () => {
  it.each([
    ['messages', growth(10, 10), ROOM, 100_000],
    ['bytes', growth(1, 1000), ROOM, 100_000],
    ['disk', growth(1, 1000), { freeBytes: 16 * 1024 * 1024 + 14_000, walBytes: 0 }, 10_000],
  ] as const)('is %s', (bound, grows, room, inMs) => {
    const full = fullOf(QUEUE, grows, room);
    expect(full).toEqual({ bound, inMs: expect.closeTo(inMs, 3), measuredMs: 600_000 });
  });

  it('is not a bound in bytes if there is none, and not the disk if its room is unknown', () => {
    const queue = { ...QUEUE, bytesMax: 0 };
    expect(boundsReached(queue, growth(1, 1e9), ROOM)).toEqual([{ bound: 'messages', inMs: 1_000_000 }]);
  });

  it('is 0 ms away at and beyond the bound', () => {
    for (const messages of [1100, 1101])
      expect(fullOf({ ...QUEUE, messages }, growth(1, 0), ROOM)).toMatchObject({ bound: 'messages', inMs: 0 });
    expect(fullOf({ ...QUEUE, messages: 1099 }, growth(1, 0), ROOM)).toMatchObject({ inMs: 1000 });
  });

  it('is unknown while the queue does not grow, and until the growth was measured for 30 s', () => {
    expect(fullOf(QUEUE, growth(0, 0), ROOM)).toBeNull();
    expect(fullOf(QUEUE, growth(-1, -9), ROOM)).toBeNull();
    expect(fullOf(QUEUE, undefined, ROOM)).toBeNull();
    expect(fullOf(QUEUE, growth(1, 1, MEASURED_MS_MIN - 1), ROOM)).toBeNull();
    expect(fullOf(QUEUE, growth(1, 1, MEASURED_MS_MIN), ROOM)).not.toBeNull();
  });
});

describe('the time to drain', () => {
  it('is the measured one, then that of the limit of the hub, otherwise unknown', () => {
    expect(drainOf({ ...QUEUE, etaMs: 5000 }, { ...NONE, hubPerS: 28 })).toEqual({ ms: 5000, basis: 'measured' });
    expect(drainOf({ ...QUEUE, etaMs: null }, { ...NONE, hubPerS: 20 })).toEqual({ ms: 5000, basis: 'limit' });
    expect(drainOf({ ...QUEUE, etaMs: null }, NONE)).toBeNull();
    expect(drainOf({ ...QUEUE, messages: 0 }, { ...NONE, hubPerS: 20 })).toBeNull();
  });

  it.each([
    ['the rate of the operator', { operatorPerS: 0.1, pausedMs: undefined }, 1_000_000],
    ['the pause, and then the limit of the hub', { operatorPerS: undefined, pausedMs: 60_000 }, 65_000],
    ['the pause, and then the rate of the operator', { operatorPerS: 10, pausedMs: 60_000 }, 70_000],
    ['the limit of the hub, if the operator allows more', { operatorPerS: 50, pausedMs: undefined }, 5000],
  ])('follows %s, and not the rate of live messages', (_, limits, ms) => {
    expect(drainOf({ ...QUEUE, etaMs: 10 }, { hubPerS: 20, ...limits })).toEqual({ ms, basis: 'operator' });
  });

  it('is unknown for a paused backlog without any rate', () => {
    expect(drainOf({ ...QUEUE, etaMs: 10 }, { ...NONE, pausedMs: 60_000 })).toBeNull();
  });
});

describe('the growth', () => {
  it('is measured since the last restart, over ten minutes at most', () => {
    const meter = new GrowthMeter();
    expect(meter.growth({ messages: 0, bytes: 0 }, 0)).toBeUndefined();
    for (let s = 0; s <= 1200; s += 1) meter.sample({ messages: s < 600 ? 0 : (s - 600) * 2, bytes: s }, s * 1000);
    expect(meter.growth({ messages: 1200, bytes: 1200 }, 1_200_000)).toEqual({
      messagesPerS: 2,
      bytesPerS: 1,
      measuredMs: 600_000,
    });
    meter.restart();
    expect(meter.growth({ messages: 1200, bytes: 1200 }, 1_200_000)).toBeUndefined();
    meter.sample({ messages: 1200, bytes: 1200 }, 1_200_000);
    expect(meter.growth({ messages: 1190, bytes: 1200 }, 1_205_000)).toMatchObject({
      messagesPerS: -2,
      measuredMs: 5000,
    });
  });
});
