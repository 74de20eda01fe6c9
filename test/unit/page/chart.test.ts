/** Charts: gaps stay gaps, peaks are not lost, samples without a time are counted. */
import { describe, expect, it } from 'vitest';
import { chart } from '../../../src/page/chart.ts';
import { chartPoints, countedBack } from '../../../src/page/chart-points.ts';
import { axisTimeWords, tickWords } from '../../../src/page/chart-words.ts';
import { markupText } from '../../../src/page/markup.ts';
import type { PageSeries } from '../../../src/page/page-content.ts';
import { hourly, NOW_MS } from './page-samples.ts';

const BACKLOG = { name: 'backlog', unit: 'messages', kind: 'level' } as const;
const RATE = { name: 'uplinks_in', unit: 'messages/min', kind: 'rate' } as const;

describe('points of a chart', () => {
  it.each([99, 100])('are the samples if there are %i and 100 fit', (hours) => {
    expect(
      chartPoints(
        hourly(BACKLOG, hours, (hour) => hour),
        100,
      ),
    ).toHaveLength(hours);
  });

  it('are joined if there are 101 and 100 fit', () => {
    expect(
      chartPoints(
        hourly(BACKLOG, 101, (hour) => hour),
        100,
      ),
    ).toHaveLength(51);
  });

  it('show the largest sample of a level, and the mean of a rate', () => {
    const peak = (hour: number): number => (hour === 1 ? 10 : 0);
    expect(chartPoints(hourly(BACKLOG, 4, peak), 2).map(({ value }) => value)).toEqual([10, 0]);
    expect(chartPoints(hourly(RATE, 4, peak), 2).map(({ value }) => value)).toEqual([5, 0]);
  });

  it('keep a gap of which no sample is known, and ignore single missing samples', () => {
    const series = hourly(BACKLOG, 6, (hour) => (hour < 2 || hour === 4 ? null : hour));
    expect(chartPoints(series, 3).map(({ value }) => value)).toEqual([null, 3, 5]);
  });

  it('leave samples without a time out', () => {
    const series: PageSeries = {
      ...BACKLOG,
      points: [
        [null, 1],
        [NOW_MS, 2],
      ],
      peaks: [1, 2],
    };
    expect(chartPoints(series, 10)).toEqual([{ atMs: NOW_MS, value: 2 }]);
  });
});

describe('samples of a gateway without a set clock', () => {
  const untimedSeries: PageSeries = {
    ...BACKLOG,
    points: [
      [null, 1],
      [null, 2],
    ],
    peaks: [1, 2],
  };

  it('are counted back from now', () => {
    const [counted] = countedBack([untimedSeries], 'hour', NOW_MS);
    expect(counted?.points).toEqual([
      [NOW_MS - 3_600_000, 1],
      [NOW_MS, 2],
    ]);
  });

  it('are placed before the next sample with a time, and after the last one, also with a clock in the past', () => {
    const HOUR = 3_600_000;
    const points = [null, NOW_MS - 9 * HOUR, NOW_MS - 8 * HOUR, null, null].map(
      (atMs, value) => [atMs, value] as const,
    );
    const series: PageSeries = { ...BACKLOG, points, peaks: [0, 1, 2, 3, 4] };
    const times = (nowMs: number) =>
      countedBack([series], 'hour', nowMs)[0]?.points.map(([atMs]) => (atMs ?? 0) - NOW_MS);
    expect(times(NOW_MS)).toEqual([-10, -9, -8, -1, 0].map((hours) => hours * HOUR));
    expect(times(0)).toEqual([-10, -9, -8, -7, -6].map((hours) => hours * HOUR));
  });
});

describe('a chart', () => {
  it('is an image with a title, a legend with last and highest value, and a table', () => {
    const series = hourly(BACKLOG, 24, (hour) => (hour === 3 ? 1204 : 7));
    const text = markupText(chart({ id: 'c', title: 'Backlog', lines: [{ label: 'waiting', series }] }, 'hour'));
    expect(text).toContain('role="img" aria-labelledby="c-title"');
    expect(text.replaceAll(/<[^>]*>|\s+/g, ' ').replaceAll(/ +/g, ' ')).toContain(
      'waiting: last 7, highest 1,204 at 2026-07-07 15:00',
    );
    expect(text).toContain('<th scope="row">2026-07-08 11:00</th><td>7</td>');
  });

  it('draws nothing that is not a number', () => {
    for (const value of [0, -5, 1e15, 0.0001, null])
      for (const unit of ['messages', 'share', 'bytes', 'C', 'ms']) {
        const series = hourly({ ...BACKLOG, unit }, 3, () => value);
        const text = markupText(chart({ id: 'c', title: 'T', lines: [{ label: 'l', series }] }, 'hour'));
        expect(text).not.toMatch(/NaN|Infinity|undefined/);
      }
  });

  it('breaks the line at a gap', () => {
    const series = hourly(BACKLOG, 5, (hour) => (hour === 2 ? null : 1));
    const text = markupText(chart({ id: 'c', title: 'T', lines: [{ label: 'l', series }] }, 'hour'));
    expect(/class="line line-0" d="([^"]*)"/.exec(text)?.[1]?.match(/M/g)).toHaveLength(2);
  });
});

it('writes values with their units', () => {
  expect(tickWords(0.975, 'share')).toBe('97.5 %');
  expect(tickWords(96_468_992, 'bytes')).toBe('92 MiB');
  expect(tickWords(12.345, 'ms')).toBe('12.3 ms');
  expect(tickWords(1204, 'messages')).toBe('1,204');
  expect(axisTimeWords(NOW_MS, 86_400_000)).toBe('12:00');
  expect(axisTimeWords(NOW_MS, 3 * 86_400_000)).toBe('07-08');
});
