/** Text of `holdfast history`: small plots below each other with one time axis. */
import type { HistoryMetric } from '../../history/history-metrics.ts';
import type { HistoryReport, HistorySeriesReport } from '../../ops/reports/history-report.ts';
import { bytesWords, countWords, durationWords } from '../../ops/words.ts';
import { localTime, zoneWords } from '../moment.ts';
import { type Terminal, wrap } from '../terminal.ts';
import { barPlot, SCALE_WIDTH } from './bar-plot.ts';
import { columnsOf, missingMs, type PlacedStep, type PlotSpan, placedSteps, ruleOf, spanOf } from './plot-columns.ts';
import { ageAxis, timeAxis } from './time-axis.ts';

export interface HistoryView {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly nowMs: number;
  readonly stepMs: number;
  readonly isRunning: boolean;
  readonly isAscii: boolean;
}

/** Rows of a plot: five plots fit on a screen of 24 lines. */
const ROWS = 3;
/** Rows of a plot of shares, and of one whose values are all 0. */
const FLAT_ROWS = 1;

const TITLES: Readonly<Record<HistoryMetric, string>> = {
  uplinks_in: 'uplinks accepted',
  uplinks_out: 'uplinks delivered',
  downlinks_in: 'downlinks accepted',
  downlinks_out: 'downlinks delivered',
  backlog: 'backlog',
  backlog_bytes: 'bytes of the backlog',
  inbox: 'inbox',
  hub_connected: 'hub connected',
  hub_round_trip: 'PUBACK of the hub',
  link_errors: 'errors on links',
  retries: 'retries',
  shed: 'shed',
  dead: 'dead letters',
  discarded: 'discarded',
  rss: 'memory',
  device_bytes: 'written to the device',
  temperature: 'temperature',
  throttled: 'throttled',
  history_bytes: 'written by the history',
};

export function historyLines(report: HistoryReport, view: HistoryView, terminal: Terminal): string[] {
  const nowMs = report.nowMs ?? view.nowMs;
  const span = spanOf(view.sinceMs, view.untilMs, terminal.width - SCALE_WIDTH);
  const plots = report.series.map((series) => ({ series, steps: stepsIn(series, view, nowMs) }));
  const hasValues = plots.some(({ steps }) => steps.some(({ value }) => value !== null));
  const source = view.isRunning ? [] : ['Read from the store: no gateway is running.'];
  const isAged = view.isRunning && report.nowMs === null;
  const head = isAged
    ? `${durationWords(view.nowMs - view.sinceMs)} ago to ${view.untilMs >= view.nowMs ? 'now' : `${durationWords(view.nowMs - view.untilMs)} ago`}, by up time, because the clock is not trusted`
    : `${localTime(view.sinceMs)} to ${localTime(view.untilMs)} (${zoneWords(view.untilMs)})`;
  if (!hasValues)
    return [...source, ...wrap(`No sample from ${head}. The gateway takes one each minute.`, terminal.width)];
  const estimates = plots[0]?.steps.filter(({ isEstimate, value }) => isEstimate && value !== null).length ?? 0;
  return [
    ...source,
    ...wrap(
      `${head}, a column is ${durationWords(span.columnMs)}${gaps(plots[0]?.steps ?? [], view)}`,
      terminal.width,
    ).map((line) => terminal.tone('strong', line)),
    ...plots.flatMap(({ series, steps }) => plotLines(series, steps, { span, view, isAged, terminal })),
    ...(isAged ? [ageAxis(span, view.nowMs)] : timeAxis(span)).map((line) =>
      terminal.tone('quiet', `${' '.repeat(SCALE_WIDTH)}${line}`),
    ),
    ...(estimates === 0
      ? []
      : wrap(
          'The clock was not trusted for some of the time: those samples are placed without gaps, so they may be older.',
          terminal.width,
        )),
  ];
}

/** Gaps in words, from the first plot. A change of the boot costs up to one step and is no gap. */
function gaps(steps: readonly PlacedStep[], { stepMs }: HistoryView): string {
  const ms = missingMs(steps, stepMs);
  return ms < 2 * stepMs ? '' : `; no sample for ${durationWords(ms)}`;
}

function stepsIn(series: HistorySeriesReport, { sinceMs, untilMs, stepMs }: HistoryView, nowMs: number): PlacedStep[] {
  const isIn = ({ startMs }: PlacedStep): boolean => startMs + stepMs > sinceMs && startMs < untilMs;
  return placedSteps(series, stepMs, nowMs).filter(isIn);
}

interface PlotSurroundings {
  readonly span: PlotSpan;
  readonly view: HistoryView;
  /** True if times are shown as ages, because the clock is not trusted. */
  readonly isAged: boolean;
  readonly terminal: Terminal;
}

function plotLines(
  series: HistorySeriesReport,
  steps: readonly PlacedStep[],
  { span, view, isAged, terminal }: PlotSurroundings,
): string[] {
  const { name } = series;
  const whenWords = (atMs: number): string =>
    isAged ? `, ${durationWords(view.nowMs - atMs)} ago` : ` at ${localTime(atMs).slice(5)}`;
  const title = `${terminal.tone('strong', TITLES[name])}  ${summary(series, steps, { stepMs: view.stepMs, whenWords })}`;
  const known = steps.filter(({ value }) => value !== null);
  if (known.length === 0) return [`${terminal.tone('strong', TITLES[name])}  no value: ${absence(name)}`];
  const isShare = series.unit === 'share';
  const columns = columnsOf(steps, ruleOf(name), { ...span, stepMs: view.stepMs, untilMs: view.untilMs });
  const isZero = columns.every((value) => value === undefined || value === 0);
  return [
    title,
    ...barPlot(columns, {
      rows: isShare || isZero ? FLAT_ROWS : ROWS,
      isAscii: view.isAscii,
      top: isShare ? 1 : 0,
      words: (value) => scaleWords(series, value),
    }),
  ];
}

/** Reason for which a metric has no value on any machine like this one. */
function absence(name: HistoryMetric): string {
  if (name === 'hub_round_trip') return 'no PUBACK in this range';
  return 'this machine does not report it';
}

function summary(
  series: HistorySeriesReport,
  steps: readonly PlacedStep[],
  { stepMs, whenWords }: { readonly stepMs: number; readonly whenWords: (atMs: number) => string },
): string {
  const values = steps.flatMap(({ value }) => value ?? []);
  const sum = values.reduce((total, value) => total + value, 0);
  if (series.unit === 'share') return shareWords(series.name, steps, stepMs);
  const worst = steps.reduce<PlacedStep | undefined>(
    (most, step) => ((step.peak ?? -1) > (most?.peak ?? -1) ? step : most),
    undefined,
  );
  const at = worst === undefined ? '' : whenWords(worst.startMs);
  if (series.kind === 'level') {
    const largest = `largest ${valueWords(series, worst?.peak ?? 0)}`;
    const last = values.at(-1);
    return (worst?.peak ?? 0) > 0
      ? `${largest}${at}${last === undefined ? '' : `, last ${valueWords(series, last)}`}`
      : 'always 0';
  }
  if (sum === 0) return 'none';
  return `${valueWords(series, sum)} in all, most ${valueWords(series, worst?.peak ?? 0)}/min${at}`;
}

function shareWords(name: HistoryMetric, steps: readonly PlacedStep[], stepMs: number): string {
  const known = steps.flatMap(({ value }) => value ?? []);
  const presentMs = known.reduce((sum, share) => sum + share * stepMs, 0);
  const absentMs = known.length * stepMs - presentMs;
  if (name !== 'hub_connected') return presentMs === 0 ? 'never' : `for ${durationWords(presentMs)}`;
  if (absentMs < 1000) return 'always';
  const percent = Math.floor((presentMs / (known.length * stepMs)) * 1000) / 10;
  return `${percent} % of the time, away for ${durationWords(absentMs)}`;
}

function valueWords({ unit }: HistorySeriesReport, value: number): string {
  if (unit.startsWith('bytes')) return bytesWords(value);
  if (unit === 'C') return `${value.toFixed(0)} °C`;
  if (unit === 'ms') return `${value < 10 ? value.toFixed(1) : countWords(value)} ms`;
  return countWords(value);
}

/** Value in the scale at the left, at most 7 columns. */
function scaleWords(series: HistorySeriesReport, value: number): string {
  if (series.unit === 'share') return value === 0 ? '' : '100 %';
  if (series.unit.startsWith('bytes')) return bytesWords(value).replace('iB', '');
  if (value >= 1_000_000) return `${(value / 1_000_000).toFixed(1)} M`;
  if (value >= 10_000) return `${(value / 1000).toFixed(0)} k`;
  return value > 0 && value < 10 && !Number.isInteger(value) ? value.toFixed(1) : countWords(value);
}
