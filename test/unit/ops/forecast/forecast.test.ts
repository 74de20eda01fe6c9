/** Forecast of an outage: bounds at both rates, fit, drain, and what is unknown with too little history. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forecastLines } from '../../../../src/cli/show-forecast.ts';
import type { Terminal } from '../../../../src/cli/terminal.ts';
import { ENOUGH_MS, type ForecastFacts, forecastOf } from '../../../../src/ops/forecast/forecast.ts';
import { OUTAGE_MS_MAX } from '../../../../src/ops/forecast/outage.ts';
import { FORECAST_FACTS } from '../api/control-rig.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** One uplink a second in the last hour, one in two seconds over the day; each of 100 B. */
const FACTS: ForecastFacts = {
  ...FORECAST_FACTS,
  inflows: [
    { span: 'hour', coveredMs: HOUR_MS, uplinks: 3600, downlinks: 60 },
    { span: 'day', coveredMs: DAY_MS, uplinks: 43_200, downlinks: 144 },
  ],
  outbox: { messages: 0, bytes: 0, messagesMax: 3600 * 24, bytesMax: 0 },
  taken: { messages: 1000, bytes: 100_000 },
  hubTerms: undefined,
};
const bound = (facts: ForecastFacts, name: string) =>
  forecastOf(facts, DAY_MS).bounds.find((one) => one.bound === name);

describe('a bound', () => {
  it('is reached at the rate of the last hour and at that of the last day', () => {
    expect(bound(FACTS, 'messages')).toMatchObject({ room: 86_400, inMs: { hour: DAY_MS, day: 2 * DAY_MS } });
    const bytesMax = 100 * 3600;
    expect(bound({ ...FACTS, outbox: { ...FACTS.outbox, bytesMax } }, 'bytes')?.inMs.hour).toBeCloseTo(HOUR_MS, 0);
    const room = { freeBytes: 16 * 1024 * 1024 + 1.4 * 100 * 3600, walBytes: 0 };
    expect(bound({ ...FACTS, room }, 'disk')?.inMs.hour).toBeCloseTo(HOUR_MS, 0);
  });

  it('in bytes counts only messages that would wait: those with QoS 0 do not', () => {
    const facts = { ...FACTS, accepted: 2000 }; // half of them had QoS 0
    expect(bound(facts, 'messages')?.inMs.hour).toBe(2 * DAY_MS);
  });

  it('of an age is the time until the oldest uplink expires', () => {
    const facts = { ...FACTS, ageMsMax: 2 * HOUR_MS, oldestMs: HOUR_MS };
    expect(bound(facts, 'age')).toMatchObject({ room: HOUR_MS, inMs: { hour: HOUR_MS, day: HOUR_MS } });
    expect(bound(FACTS, 'age')).toBeUndefined();
  });

  it('of an inbox is that of the subdevice whose inbox is full first, by its share of the downlinks', () => {
    const inboxes = [
      { subdevice: 'a', pending: 0, accepted: 30 },
      { subdevice: 'b', pending: 90, accepted: 30 },
      { subdevice: 'c', pending: 149, accepted: 0 },
    ];
    // 60 downlinks an hour, half of them for b, which has room for 60
    expect(bound({ ...FACTS, inboxes }, 'inbox')).toMatchObject({
      subdevice: 'b',
      room: 60,
      inMs: { hour: 2 * HOUR_MS },
    });
    expect(bound({ ...FACTS, inboxes: [] }, 'inbox')).toBeUndefined();
  });

  it('of the hub is the number and the time for which it stores downlinks', () => {
    const facts = { ...FACTS, hubTerms: { keptMs: DAY_MS, storedMax: 150 } };
    expect(bound(facts, 'hub store')?.inMs).toEqual({ hour: 2.5 * HOUR_MS, day: expect.closeTo(25 * HOUR_MS, 0) });
    expect(bound(facts, 'hub session')?.inMs).toEqual({ hour: DAY_MS, day: DAY_MS });
  });
});

describe('an outage', () => {
  it.each([
    [DAY_MS - 1, true],
    [DAY_MS, true],
    [DAY_MS + 1, false],
  ])('of %i ms fits: %s', (ms, fits) => {
    expect(forecastOf(FACTS, ms).outage.uplinks).toEqual({ fits, longestMs: DAY_MS, first: 'messages' });
  });

  it('of downlinks does not fit if the hub stores fewer, and an inbox does not count', () => {
    const facts = { ...FACTS, hubTerms: { keptMs: DAY_MS, storedMax: 150 } };
    expect(forecastOf(facts, 3 * HOUR_MS).outage.downlinks).toMatchObject({ fits: false, first: 'hub store' });
    expect(forecastOf(FACTS, DAY_MS).outage.downlinks).toEqual({ fits: true, longestMs: null, first: null });
  });

  it('leaves a backlog that drains at the limit of the hub less the inflow', () => {
    const { outage } = forecastOf({ ...FACTS, limitPerS: 21 }, HOUR_MS);
    expect(outage.backlog).toEqual({ messages: 3600, bytes: 360_000 });
    expect(outage.drain.ms).toBeCloseTo(180_000, 3);
  });

  it('drains at the fastest minute if the hub has no limit, never at the rate of the inflow, otherwise unknown', () => {
    const drain = (change: Partial<ForecastFacts>) => forecastOf({ ...FACTS, ...change }, HOUR_MS).outage.drain;
    expect(drain({ limitPerS: undefined, fastestPerS: 11 }).ms).toBeCloseTo(360_000, 3);
    expect(drain({ limitPerS: 1 })).toEqual({ ms: null, basis: expect.stringMatching(/^Never/) });
    expect(drain({ limitPerS: undefined, fastestPerS: 0 })).toEqual({
      ms: null,
      basis: expect.stringMatching(/^Unknown/),
    });
  });

  it('names the rules that apply when the outbox is full, the age first', () => {
    expect(forecastOf(FACTS, DAY_MS).whenFull.map(({ overflow, links }) => [overflow, links])).toEqual([
      ['drop-oldest', ['cameras']],
      ['reject', ['meters']],
    ]);
    expect(forecastOf({ ...FACTS, ageMsMax: HOUR_MS }, DAY_MS).whenFull[0]?.overflow).toBe('age');
  });
});

describe('a basis', () => {
  it.each([
    ['hour', ENOUGH_MS.hour],
    ['day', ENOUGH_MS.day],
  ] as const)('of the last %s is enough from %i ms on', (span, enoughMs) => {
    const isEnough = (coveredMs: number): boolean | undefined => {
      const inflows = [{ span, coveredMs, uplinks: 10, downlinks: 0 }];
      return forecastOf({ ...FACTS, inflows }, DAY_MS).bases.find((one) => one.span === span)?.isEnough;
    };
    expect([isEnough(enoughMs - 1), isEnough(enoughMs), isEnough(enoughMs + 1)]).toEqual([false, true, true]);
  });

  it('without enough data gives no time and no answer', () => {
    const { bounds, outage } = forecastOf({ ...FACTS, inflows: [] }, DAY_MS);
    expect(bounds.flatMap(({ inMs }) => [inMs.hour, inMs.day]).filter((ms) => ms !== null)).toEqual([]);
    expect(outage.uplinks.fits).toBeNull();
    expect(outage.backlog).toBeNull();
    expect(outage.drain.ms).toBeNull();
  });

  it('without traffic never fills', () => {
    const inflows = [{ span: 'hour', coveredMs: HOUR_MS, uplinks: 0, downlinks: 0 } as const];
    expect(forecastOf({ ...FACTS, inflows }, OUTAGE_MS_MAX).outage.uplinks).toEqual({
      fits: true,
      longestMs: null,
      first: null,
    });
  });
});

describe('the screen', () => {
  const screen = (width: number): Terminal => ({
    width,
    isScreen: true,
    print: () => undefined,
    tone: (_tone, text) => text,
  });

  it('answers first, and ends with the basis', () => {
    const lines = forecastLines(forecastOf(FORECAST_FACTS, 72 * HOUR_MS), screen(80));
    expect(lines.slice(0, 4)).toEqual([
      'Outage of the hub for 3 days, from now',
      'Uplinks     Fits: the longest outage is 54 days 6 h (bound: messages)',
      'Downlinks   Does not fit: the longest outage is 24 h (bound: hub session)',
      'After it    56,404 uplinks, 6.1 MiB wait; drained in about 33 min. At the',
    ]);
    expect(lines.slice(-2)).toEqual([
      'Basis       last hour: 612 uplinks, 68 KiB, 3 downlinks in 60 min',
      '            last 24 h: 18,400 uplinks, 2.0 MiB, 48 downlinks in 24 h',
    ]);
  });

  it.each([40, 80])('fits 24 lines of %i columns with numbers of any size', (width) => {
    const numbers = fc.oneof(fc.constantFrom(0, 1, 1e12), fc.double({ noNaN: true, min: 0, max: 1e12 }));
    fc.assert(
      fc.property(numbers, numbers, numbers, (one, other, third) => {
        const facts: ForecastFacts = {
          ...FORECAST_FACTS,
          inflows: [
            { span: 'hour', coveredMs: HOUR_MS, uplinks: one, downlinks: other },
            { span: 'day', coveredMs: third, uplinks: other, downlinks: one },
          ],
          outbox: { messages: third, bytes: one, messagesMax: other, bytesMax: third },
          room: { freeBytes: other, walBytes: one },
          ageMsMax: third,
          inboxes: [{ subdevice: 'x'.repeat(48), pending: one, accepted: other }],
        };
        const lines = forecastLines(forecastOf(facts, OUTAGE_MS_MAX), screen(width));
        expect(lines.filter((line) => line.length > width)).toEqual([]);
        if (width === 80) expect(lines.length).toBeLessThanOrEqual(23);
        expect(lines.join('\n')).not.toMatch(/NaN|Infinity|undefined|\d(\.\d+)?e[+-]?\d/);
      }),
      { numRuns: 300 },
    );
  });
});
