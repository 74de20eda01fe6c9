import { describe, expect, it } from 'vitest';
import { CLOCK_FLOOR_MS, type ClockReading, ClockTrust, wallFloorMs } from '../../../src/base/clock-trust.ts';
import { ageOf, type Epoch } from '../../../src/base/time.ts';

const MINUTE_MS = 60_000;
const YEARS_20_MS = 20 * 365 * 86_400_000;
/** Wall clock of the reference, ms since 1970. */
const RIGHT_MS = 1_800_000_000_000;

/**
 * Reading after `minutes` by a clock that is wrong by `offByMs` and reports a synchronisation `syncedAgoMs` before.
 */
function reading(minutes: number, offByMs = 0, syncedAgoMs?: number): ClockReading {
  const upMs = minutes * MINUTE_MS;
  const wallMs = RIGHT_MS + upMs + offByMs;
  return { upMs, wallMs, sleptMs: 0, syncedAtMs: syncedAgoMs === undefined ? undefined : wallMs - syncedAgoMs };
}

describe('the wall clock', () => {
  it.each([
    ['no time service has synchronised the clock', reading(1), false],
    ['the clock was synchronised a minute ago', reading(1, 0, MINUTE_MS), true],
    ['the clock reads 1970 although it was synchronised', reading(1, -RIGHT_MS, 0), false],
    [
      'the clock is before the release date of this program',
      reading(1, CLOCK_FLOOR_MS - RIGHT_MS - 2 * MINUTE_MS, 0),
      false,
    ],
    ['the last synchronisation is too old', reading(1, 0, 80 * MINUTE_MS), false],
    ['the last synchronisation is in the future by the clock itself', reading(1, 0, -MINUTE_MS), false],
  ])('is trusted only after a recent, plausible synchronisation: %s', (_when, first, isTrusted) => {
    const trust = new ClockTrust(CLOCK_FLOOR_MS, undefined);
    const news = trust.read(first);
    expect([trust.isTrusted, news.gainedTrust, news.step]).toEqual([isTrusted, isTrusted, undefined]);
    expect(news.wallMinusUpMs).toBe(isTrusted ? RIGHT_MS : undefined);
  });

  it('is not trusted while it is before a time that an earlier boot has stored', () => {
    const epochs = new Map([[1, boot(1, 1000, RIGHT_MS + YEARS_20_MS)]]);
    expect(new ClockTrust(wallFloorMs(epochs, 2), undefined).read(reading(1, 0, 0)).gainedTrust).toBe(false);
    expect(new ClockTrust(wallFloorMs(epochs, 1), undefined).read(reading(1, 0, 0)).gainedTrust).toBe(true);
  });

  it.each([YEARS_20_MS, -YEARS_20_MS, MINUTE_MS, -3000])(
    'keeps its old offset after a manual step of %d ms',
    (byMs) => {
      const trust = new ClockTrust(CLOCK_FLOOR_MS, undefined);
      trust.read(reading(1, 0, 0));
      const sync = reading(1, 0, 0).syncedAtMs;
      const news = trust.read({ ...reading(2, byMs), syncedAtMs: sync });
      const { wallMs } = reading(2, byMs);
      expect(news).toMatchObject({ step: { wasMs: wallMs - byMs, isMs: wallMs }, wallMinusUpMs: undefined });
      expect([trust.isTrusted, trust.wallMinusUpMs]).toEqual([false, RIGHT_MS]);
      expect(trust.read({ ...reading(3, byMs), syncedAtMs: sync }).gainedTrust).toBe(false);
      expect(trust.read(reading(4, 0, 0))).toMatchObject({ gainedTrust: true });
      expect(trust.wallMinusUpMs).toBe(RIGHT_MS);
    },
  );

  it('has the new offset after a step by the time service', () => {
    const trust = new ClockTrust(CLOCK_FLOOR_MS, undefined);
    trust.read(reading(1, -5 * MINUTE_MS, 0));
    const news = trust.read(reading(2, 0, 1000));
    expect(news.step).toBeDefined();
    expect([trust.isTrusted, news.wallMinusUpMs]).toEqual([true, RIGHT_MS]);
  });

  it('has an updated offset while it is slewed, and no step is reported', () => {
    const trust = new ClockTrust(CLOCK_FLOOR_MS, undefined);
    trust.read(reading(1, 0, 0));
    const news = [2, 3, 4, 5].map((minute) => trust.read(reading(minute, minute * 1000)));
    expect(news.map(({ step }) => step)).toEqual([undefined, undefined, undefined, undefined]);
    expect(trust.wallMinusUpMs).toBe(RIGHT_MS + 3000);
  });

  it('reports in the next process a step that happened while no process ran', () => {
    const trust = new ClockTrust(CLOCK_FLOOR_MS, RIGHT_MS);
    expect(trust.read(reading(9, YEARS_20_MS))).toMatchObject({
      step: {},
      gainedTrust: false,
      wallMinusUpMs: undefined,
    });
  });

  it('has an offset that grows by the duration of a system sleep, and no step is reported', () => {
    const trust = new ClockTrust(CLOCK_FLOOR_MS, undefined);
    trust.read(reading(1, 0, 0));
    const news = trust.read({ ...reading(2, 3_600_000), sleptMs: 3_600_000 });
    expect(news).toEqual({
      ...{ step: undefined, sleptMs: 3_600_000, gainedTrust: false },
      wallMinusUpMs: RIGHT_MS + 3_600_000,
    });
    expect(trust.isTrusted).toBe(true);
  });
});

describe('the hub’s time', () => {
  const hubTime = (minutes: number, offByMs = 0) => ({
    wallMs: RIGHT_MS + minutes * MINUTE_MS + offByMs,
    errorMs: 100,
  });

  it.each([
    ['earlier than the time that has certainly passed', CLOCK_FLOOR_MS - RIGHT_MS - 2 * MINUTE_MS, undefined],
    ['possible', 0, RIGHT_MS],
  ])('is used as an offset only if it is possible: %s', (_what, offByMs, offsetMs) => {
    const trust = new ClockTrust(CLOCK_FLOOR_MS, undefined);
    const news = trust.onTime(hubTime(1, offByMs), reading(1, YEARS_20_MS));
    expect([trust.wallMinusUpMs, news.wallMinusUpMs]).toEqual([offsetMs, offsetMs]);
    expect([trust.isTrusted, news.gainedTrust]).toEqual([false, false]);
  });

  it.each([
    [0, true],
    [2100, true],
    [2101, false],
    [-2101, false],
  ])('makes a clock that is wrong by %d ms trusted: %s', (offByMs, isTrusted) => {
    const trust = new ClockTrust(CLOCK_FLOOR_MS, undefined);
    expect(trust.onTime(hubTime(1), reading(1, offByMs)).gainedTrust).toBe(isTrusted);
    expect(trust.aheadOfHubMs(reading(1, offByMs))).toBe(isTrusted ? undefined : offByMs);
  });

  it('has no effect while a time service has synchronised the clock', () => {
    const trust = new ClockTrust(CLOCK_FLOOR_MS, undefined);
    trust.read(reading(1, 0, 0));
    expect(trust.onTime(hubTime(2, YEARS_20_MS), reading(2)).wallMinusUpMs).toBeUndefined();
    expect([trust.isTrusted, trust.wallMinusUpMs]).toEqual([true, RIGHT_MS]);
  });

  it('is replaced by a time service that synchronises the clock later', () => {
    const trust = new ClockTrust(CLOCK_FLOOR_MS, undefined);
    trust.onTime(hubTime(1, MINUTE_MS), reading(1));
    expect(trust.read(reading(2, 0, 1000))).toMatchObject({ gainedTrust: true, wallMinusUpMs: RIGHT_MS });
    expect(trust.aheadOfHubMs(reading(2))).toBeUndefined();
  });

  it('remains valid over a step of the wall clock and over a system sleep', () => {
    const trust = new ClockTrust(CLOCK_FLOOR_MS, undefined);
    trust.read(reading(1));
    trust.onTime(hubTime(1), reading(1));
    expect(trust.read(reading(2, YEARS_20_MS)).step).toBeDefined();
    expect([trust.isTrusted, trust.wallMinusUpMs]).toEqual([false, RIGHT_MS]);
    trust.read({ ...reading(3, YEARS_20_MS + 5000), sleptMs: 5000 });
    expect(trust.wallMinusUpMs).toBe(RIGHT_MS + 5000);
  });

  it('corrects the drift when it is received again a day later', () => {
    const trust = new ClockTrust(CLOCK_FLOOR_MS, undefined);
    trust.onTime(hubTime(1), reading(1));
    expect(trust.onTime(hubTime(1441, 1000), reading(1441, 1000)).wallMinusUpMs).toBeUndefined();
    expect(trust.onTime(hubTime(2881, 3000), reading(2881, 3000)).wallMinusUpMs).toBe(RIGHT_MS + 3000);
  });
});

function boot(epoch: number, lastUpMs: number, wallMinusUpMs?: number, sleptAtUpMs?: number): Epoch {
  return { epoch, bootId: `boot ${epoch}`, lastUpMs, wallMinusUpMs, sleptAtUpMs };
}

describe('an age', () => {
  const between = (then: Epoch, now: Epoch, stampedMs: number) =>
    ageOf(
      { epoch: then.epoch, upMs: stampedMs },
      { epoch: now.epoch, upMs: 500 },
      new Map([
        [1, then],
        [now.epoch, now],
      ]),
    );

  it('is a lower bound for a stamp from before a system sleep, and exact for a later one', () => {
    const slept = boot(1, 400, undefined, 300);
    expect(between(slept, slept, 200)).toEqual({ ms: 300, quality: 'at_least' });
    expect(between(slept, slept, 301)).toEqual({ ms: 199, quality: 'exact' });
    expect(between(boot(1, 400, 1000, 300), boot(2, 0, 9000), 200)).toEqual({ ms: 8300, quality: 'at_least' });
  });

  it('is not calculated from two clocks that contradict the powered time', () => {
    expect(between(boot(1, 5000, 1000), boot(2, 0, 1100), 200)).toEqual({ ms: 5300, quality: 'at_least' });
  });
});
