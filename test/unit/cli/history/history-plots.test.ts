import { describe, expect, it } from 'vitest';
import { barPlot } from '../../../../src/cli/history/bar-plot.ts';
import { historyCsv } from '../../../../src/cli/history/history-csv.ts';
import { historyLines } from '../../../../src/cli/history/history-view.ts';
import { columnsOf, placedSteps, spanOf } from '../../../../src/cli/history/plot-columns.ts';
import { timeAxis } from '../../../../src/cli/history/time-axis.ts';
import { localTime, momentIn } from '../../../../src/cli/moment.ts';
import type { Terminal } from '../../../../src/cli/terminal.ts';
import type { HistoryReport, HistorySeriesReport } from '../../../../src/ops/reports/history-report.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Local midnight. */
const MIDNIGHT = new Date(2026, 10, 29).getTime();

type Point = HistorySeriesReport['points'][number];

function seriesOf(points: readonly Point[], fields: Partial<HistorySeriesReport> = {}): HistorySeriesReport {
  const peaks = points.map(([, value]) => value);
  return { name: 'backlog', unit: 'messages', kind: 'level', points, peaks, ...fields };
}

const minutes = (values: readonly (number | null)[]): Point[] =>
  values.map((value, minute) => [MIDNIGHT + minute * MINUTE_MS, value]);

describe('columns', () => {
  it.each([
    [24, 72, 20],
    [24, 71, 30],
    [12, 72, 10],
    [1, 72, 1],
    [24 * 7, 72, 180],
    [24 * 730, 72, 20_160],
  ])('of %i h on %i columns are %i min wide, and fit', (hours, columnsMax, widthMinutes) => {
    const span = spanOf(MIDNIGHT, MIDNIGHT + hours * HOUR_MS, columnsMax);
    expect(span.columnMs).toBe(widthMinutes * MINUTE_MS);
    expect(span.columns).toBeLessThanOrEqual(columnsMax);
  });

  it('show the worst step of a backlog and the mean of the traffic, and a gap as a gap', () => {
    const steps = placedSteps(seriesOf(minutes([1, 9, 2, 4, null, null, 3, 3])), MINUTE_MS, MIDNIGHT);
    const span = { startMs: MIDNIGHT, columnMs: 2 * MINUTE_MS, columns: 4 };
    const range = { ...span, stepMs: MINUTE_MS, untilMs: MIDNIGHT + 8 * MINUTE_MS };
    expect(columnsOf(steps, 'largest', range)).toEqual([9, 4, undefined, 3]);
    expect(columnsOf(steps, 'mean', range)).toEqual([5, 3, undefined, 3]);
    expect(columnsOf(steps, 'smallest', range)).toEqual([1, 2, undefined, 3]);
  });

  it('that are sampled for less than half of their time are gaps', () => {
    const steps = placedSteps(seriesOf(minutes([1, 1, null, null, 1, null, null, null])), MINUTE_MS, MIDNIGHT);
    const span = { startMs: MIDNIGHT, columnMs: 4 * MINUTE_MS, columns: 2 };
    expect(columnsOf(steps, 'mean', { ...span, stepMs: MINUTE_MS, untilMs: MIDNIGHT + 8 * MINUTE_MS })).toEqual([
      1,
      undefined,
    ]);
  });

  it('place steps without a time directly before the next one, or before now', () => {
    const points: Point[] = [
      [null, 1],
      [MIDNIGHT, 2],
      [null, 3],
    ];
    const steps = placedSteps(seriesOf(points), MINUTE_MS, MIDNIGHT + HOUR_MS);
    expect(steps.map(({ startMs, isEstimate }) => [(startMs - MIDNIGHT) / MINUTE_MS, isEstimate])).toEqual([
      [-1, true],
      [0, false],
      [59, true],
    ]);
  });
});

describe('bars', () => {
  const words = (value: number) => String(value);

  it('fill their height, distinguish 0 from little, and leave gaps empty', () => {
    expect(barPlot([0, 1, 100, undefined, 50], { rows: 2, isAscii: false, top: 0, words })).toEqual([
      '    100│  █',
      '      0│▁▂█ █',
    ]);
  });

  it('need no UTF-8', () => {
    expect(barPlot([0, 1, 100, undefined, 50], { rows: 2, isAscii: true, top: 0, words })).toEqual([
      '    100|  #',
      '      0|_.# #',
    ]);
  });
});

it('the time axis has local times and the date at the first tick', () => {
  const [times, dates] = timeAxis({ startMs: MIDNIGHT, columnMs: 30 * MINUTE_MS, columns: 48 });
  expect(times.trim().split(/\s+/)).toEqual(['00:00', '04:00', '08:00', '12:00', '16:00', '20:00']);
  expect(dates).toBe('2026-11-29');
});

describe('a moment', () => {
  const now = MIDNIGHT + 10 * HOUR_MS;

  it.each([
    ['24h', now - 24 * HOUR_MS],
    ['90m', now - 90 * MINUTE_MS],
    ['2026-11-29', MIDNIGHT],
    ['2026-11-29 06:30', MIDNIGHT + 6.5 * HOUR_MS],
    ['2026-11-29T06:30:15', MIDNIGHT + 6.5 * HOUR_MS + 15_000],
    ['06:00', MIDNIGHT + 6 * HOUR_MS],
    ['18:00', new Date(2026, 10, 28, 18).getTime()],
  ])('is read from %s', (text, expected) => {
    expect(momentIn(text, now)).toBe(expected);
  });

  it.each(['', 'yesterday', '2026-02-30', '2026-13-01', '2026-11-29 24:00', '25:00', '5', '-1h'])(
    'is not read from %j',
    (text) => {
      expect(momentIn(text, now)).toBeUndefined();
    },
  );
});

describe('the screen', () => {
  const terminal: Terminal = { width: 80, isScreen: true, print: () => undefined, tone: (_, text) => text };
  const day = (value: (minute: number) => number | null): Point[] =>
    minutes(Array.from({ length: 1440 }, (_, minute) => value(minute)));
  const report: HistoryReport = {
    step: 'minute',
    nowMs: MIDNIGHT + 24 * HOUR_MS,
    series: [
      seriesOf(
        day((minute) => (minute >= 600 && minute < 660 ? null : minute >= 700 && minute < 760 ? 0 : 1)),
        { name: 'hub_connected', unit: 'share' },
      ),
      seriesOf(day((minute) => (minute >= 700 && minute < 760 ? minute : 0))),
      ...(['uplinks_in', 'uplinks_out', 'link_errors'] as const).map((name) =>
        seriesOf(
          day(() => 12_345),
          { name, unit: 'messages/min', kind: 'rate' },
        ),
      ),
    ],
  };
  const view = {
    sinceMs: MIDNIGHT,
    untilMs: MIDNIGHT + 24 * HOUR_MS,
    nowMs: MIDNIGHT + 24 * HOUR_MS,
    stepMs: MINUTE_MS,
    isRunning: true,
    isAscii: false,
  };

  it('fits 80 columns and 24 lines, with the time without samples and the time away', () => {
    const lines = historyLines(report, view, terminal);
    expect(lines.length).toBeLessThan(24);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(lines.join(' ')).toContain('no sample for 60 min');
    expect(lines.join('\n')).toContain('away for 60 min');
    expect(lines.join('\n')).toContain(`largest 759 at ${localTime(MIDNIGHT + 759 * MINUTE_MS).slice(5)}, last 0`);
  });

  it('says that there is no sample in an empty range', () => {
    const empty = { ...report, series: report.series.map((one) => ({ ...one, points: [], peaks: [] })) };
    expect(historyLines(empty, view, terminal).join(' ')).toContain('No sample from');
  });

  it('has ages on its axis and in its texts while the clock is not trusted', () => {
    const nowMs = 1_000_000_000; // a clock that starts in 1970
    const untimed = report.series.map((one) => ({
      ...one,
      points: one.points.map(([, value]) => [null, value] as const),
    }));
    const range = { sinceMs: nowMs - 24 * HOUR_MS, untilMs: nowMs, nowMs };
    const lines = historyLines({ ...report, nowMs: null, series: untimed }, { ...view, ...range }, terminal);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    const text = lines.join('\n');
    expect(text).toContain('24 h ago to now, by up time');
    expect(text).toMatch(/^ +-24 h +-12 h +now$/m);
    expect(text).toContain('largest 759, 11 h 21 min ago, last 0');
    expect(text).not.toContain('1970');
  });

  it('as comma-separated values has a line for each step, and empty cells for missing values', () => {
    const points: Point[] = [
      [Date.UTC(2026, 10, 29), 7],
      [null, null],
    ];
    const csv = historyCsv({ step: 'minute', nowMs: null, series: [seriesOf(points)] }, Date.UTC(2026, 10, 29, 0, 2));
    expect([...csv]).toEqual(['time,age (s),backlog (messages)', '2026-11-29T00:00:00.000Z,120,7', ',60,']);
  });
});
