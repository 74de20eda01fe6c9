import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { METRIC_NAMES } from '../../../src/history/history-metrics.ts';
import { type HistoryEntry, type HistoryStep, STEPS_MAX, stepsOf } from '../../../src/history/history-steps.ts';
import { decodeHours, encodeHours, foldHours } from '../../../src/history/hour-records.ts';
import {
  appendSample,
  decodeSamples,
  encodeSamples,
  MINUTE_MS,
  type MinuteSample,
} from '../../../src/history/minute-samples.ts';

const BASE = 1_793_001_600_000;
const UPLINKS = METRIC_NAMES.indexOf('uplinks_in');
const BACKLOG = METRIC_NAMES.indexOf('backlog');
const ALL = { sinceMs: 0, untilMs: Number.MAX_SAFE_INTEGER };

function sampleOf(minute: number, fields: Partial<MinuteSample> = {}): MinuteSample {
  const values = METRIC_NAMES.map((name) => (name === 'uplinks_in' ? 1 : name === 'backlog' ? 10 : null));
  return { epoch: 1, minute, offsetMs: BASE, configuration: 7, values, ...fields };
}

function entryOf({ epoch, minute, offsetMs, values }: MinuteSample): HistoryEntry {
  const wallMs = offsetMs === null ? undefined : minute * MINUTE_MS + offsetMs;
  return { epoch, minute, wallMs, samples: 1, values, peaks: values };
}

const stepped = (samples: readonly MinuteSample[], step: HistoryStep = 'minute') =>
  stepsOf(samples.map(entryOf), { step, ...ALL });
const sumOf = (column: Float64Array | undefined) =>
  [...(column ?? [])].filter(Number.isFinite).reduce((sum, value) => sum + value, 0);
/** Starts relative to `BASE`, in minutes; `null`: unknown. */
const minutesOf = (starts: Float64Array) =>
  [...starts].map((start) => (Number.isNaN(start) ? null : (start - BASE) / MINUTE_MS));

describe('steps', () => {
  it('have a gap where no sample was taken', () => {
    const { starts, values } = stepped([sampleOf(0), sampleOf(1), sampleOf(4)]);
    expect(minutesOf(starts)).toEqual([0, 1, 2, 3, 4]);
    expect([...(values[BACKLOG] ?? [])]).toEqual([10, 10, Number.NaN, Number.NaN, 10]);
  });

  it('of an hour have the sum of a rate, the mean of a level and its largest value', () => {
    const levels = [10, 40, 10].map((backlog, minute) =>
      sampleOf(minute, { values: METRIC_NAMES.map((name) => (name === 'backlog' ? backlog : 2)) }),
    );
    const { values, peaks } = stepped(levels, 'hour');
    expect(values[UPLINKS]?.[0]).toBe(6);
    expect(values[BACKLOG]?.[0]).toBe(20);
    expect(peaks[BACKLOG]?.[0]).toBe(40);
  });

  it('keep samples of an unknown time in their place, without a time', () => {
    const unknown = [5, 6].map((minute) => sampleOf(minute, { epoch: 2, offsetMs: null }));
    const { starts, values } = stepped([sampleOf(0), ...unknown, sampleOf(1, { epoch: 3, offsetMs: BASE })]);
    expect(minutesOf(starts)).toEqual([0, null, null, 1]);
    expect(sumOf(values[UPLINKS])).toBe(4);
  });

  it('leave out samples of an unknown time that are certainly before the range', () => {
    const entries = [sampleOf(0, { epoch: 1, offsetMs: null }), sampleOf(1), sampleOf(100)].map(entryOf);
    const { starts } = stepsOf(entries, { step: 'minute', sinceMs: BASE + 50 * MINUTE_MS, untilMs: ALL.untilMs });
    expect(minutesOf(starts)).toEqual([100]);
  });

  it('count each sample once after any steps of the clock', () => {
    // all parts together are shorter than the largest number of steps
    const jump = fc.integer({ min: -150, max: 150 }).map((minutes) => minutes * MINUTE_MS + 17_000);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), jump), { maxLength: 8 }), (parts) => {
        let minute = 0;
        let offsetMs = BASE;
        const samples: MinuteSample[] = [];
        for (const [count, byMs] of parts) {
          for (let n = 0; n < count; n += 1) {
            samples.push(sampleOf(minute, { offsetMs }));
            minute += 1;
          }
          offsetMs += byMs;
        }
        for (const step of ['minute', 'hour'] as const)
          expect(sumOf(stepped(samples, step).values[UPLINKS])).toBe(samples.length);
      }),
    );
  });

  it.each([STEPS_MAX - 1, STEPS_MAX, STEPS_MAX + 1])('of %i minutes are at most the newest 1,500', (count) => {
    const { starts } = stepped(Array.from({ length: count }, (_, minute) => sampleOf(minute)));
    expect(starts.length).toBe(Math.min(count, STEPS_MAX));
    expect(minutesOf(starts).at(-1)).toBe(count - 1);
  });

  it('of a single sample far from the others are bounded too', () => {
    expect(stepped([sampleOf(0), sampleOf(10_000_000)]).starts.length).toBe(STEPS_MAX);
  });
});

describe('a block of samples', () => {
  it('is decoded as it was encoded', () => {
    const value = fc.option(fc.integer({ min: 0, max: 1e9 }), { nil: null });
    const sample = fc.record({
      epoch: fc.nat(1000),
      minute: fc.nat(1e7),
      offsetMs: fc.option(fc.integer({ min: 0, max: 4e12 }), { nil: null }),
      configuration: fc.nat(2 ** 32 - 1),
      // KiB are stored for bytes, thousandths for shares
      values: fc.tuple(...METRIC_NAMES.map(() => value)).map((all) => all.map((one) => one && one * 1024)),
    });
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 60 }), (samples) => {
        expect(decodeSamples(encodeSamples(samples))).toEqual({ ok: true, value: samples });
      }),
    );
  });

  it('unites two samples of one minute: rates are added, and the later level counts', () => {
    const later = { values: METRIC_NAMES.map((name) => (name === 'uplinks_in' ? 4 : name === 'backlog' ? 3 : null)) };
    const [united, ...others] = appendSample([sampleOf(5)], sampleOf(5, later));
    expect(others).toEqual([]);
    expect([united?.values[UPLINKS], united?.values[BACKLOG]]).toEqual([5, 3]);
    expect(appendSample([sampleOf(5)], sampleOf(5, { epoch: 2 }))).toHaveLength(2);
  });
});

describe('records of hours', () => {
  it('have the same sums as their samples, whether or not the time is known', () => {
    const offsets = fc.constantFrom(BASE, BASE + 5_400_000, null);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(400), offsets), { maxLength: 60 }), (parts) => {
        const samples = parts.map(([minute, offsetMs]) => sampleOf(minute, { offsetMs }));
        const records = decodeHours(encodeHours(foldHours(samples, () => undefined)));
        if (!records.ok) throw new Error(records.problem);
        const sum = records.value.reduce((total, { values }) => total + (values[UPLINKS] ?? 0), 0);
        expect(sum).toBe(samples.length);
        expect(records.value.reduce((total, one) => total + one.samples, 0)).toBe(samples.length);
      }),
    );
  });

  it('take the offset of the boot if the clock became known later', () => {
    const [record] = foldHours([sampleOf(0, { offsetMs: null })], () => BASE);
    expect(record?.offsetMs).toBe(BASE);
  });
});
