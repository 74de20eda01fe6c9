/** `holdfast history`: plots of the last day, or of a given range, in the local time of this machine. */
import { EXIT, Fault } from '../../base/fault.ts';
import { nearestWord } from '../../config/suggestion.ts';
import { type HistoryMetric, isHistoryMetric, METRIC_NAMES } from '../../history/history-metrics.ts';
import { type HistoryStep, STEP_MS } from '../../history/history-steps.ts';
import type { HistoryReport } from '../../ops/reports/history-report.ts';
import { type CommandContext, printJson } from '../context.ts';
import { isAsciiTerminal } from '../terminal.ts';
import { historyCsv } from './history-csv.ts';
import { historyLines } from './history-view.ts';
import { readHistory } from './read-history.ts';

export interface HistoryCommandOptions {
  /** Unix ms; `undefined`: 24 h before the end. */
  readonly since?: number;
  /** Unix ms; `undefined`: now. */
  readonly until?: number;
  readonly metric: readonly string[];
  readonly csv?: true;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Longest range that is read in minutes. */
const MINUTES_RANGE_MS = 2 * DAY_MS;
/** Age of the samples of one minute that the store certainly has. */
const MINUTES_AGE_MS = 7 * DAY_MS;
/** Metrics that answer what happened in the last night. */
const DEFAULT_METRICS: readonly HistoryMetric[] = [
  'hub_connected',
  'backlog',
  'uplinks_in',
  'uplinks_out',
  'link_errors',
];

export async function showHistory(context: CommandContext, options: HistoryCommandOptions): Promise<number> {
  const nowMs = Date.now();
  const untilMs = options.until ?? nowMs;
  const sinceMs = options.since ?? untilMs - DAY_MS;
  if (sinceMs >= untilMs)
    throw new Fault('usage', 'The range is empty: --since is not before --until', {
      hint: 'Without --until the range ends now.',
    });
  const all = context.asJson || options.csv === true;
  const metrics = options.metric.length > 0 ? options.metric.map(metricIn) : all ? METRIC_NAMES : DEFAULT_METRICS;
  const step = stepFor(sinceMs, untilMs, nowMs);
  const { report, isRunning } = await readHistory(context, { step, sinceMs, untilMs, metrics });
  if (context.asJson) printJson(context, 'history', report);
  else if (options.csv === true) for (const line of historyCsv(report, nowMs)) context.terminal.print(line, 'as is');
  else printPlots(context, report, { sinceMs, untilMs, nowMs, isRunning });
  return EXIT.ok;
}

function stepFor(sinceMs: number, untilMs: number, nowMs: number): HistoryStep {
  const isFine = untilMs - sinceMs <= MINUTES_RANGE_MS && nowMs - sinceMs <= MINUTES_AGE_MS;
  return isFine ? 'minute' : 'hour';
}

function printPlots(
  { terminal }: CommandContext,
  report: HistoryReport,
  range: { readonly sinceMs: number; readonly untilMs: number; readonly nowMs: number; readonly isRunning: boolean },
): void {
  const view = { ...range, stepMs: STEP_MS[report.step], isAscii: isAsciiTerminal(process.env) };
  for (const line of historyLines(report, view, terminal)) terminal.print(line);
}

function metricIn(word: string): HistoryMetric {
  if (isHistoryMetric(word)) return word;
  const meant = nearestWord(word, METRIC_NAMES);
  const hint = meant === undefined ? `The metrics are ${METRIC_NAMES.join(', ')}.` : `Did you mean ${meant}?`;
  throw new Fault('usage', `There is no metric ${word}`, { hint });
}
