/** Reads the history from the running gateway in several answers, or from the store if no gateway runs. */
import type { HistoryAnswer, HistoryRequest } from '../../history/history-requests.ts';
import { type HistoryStep, STEP_MS, STEPS_MAX } from '../../history/history-steps.ts';
import { ask } from '../../ops/api/control-client.ts';
import { type EventsReport, eventsQueryOf, eventsReportOf } from '../../ops/reports/events-report.ts';
import {
  type HistoryReport,
  type HistorySeriesReport,
  historyQueryOf,
  historyReportOf,
} from '../../ops/reports/history-report.ts';
import type { CommandContext } from '../context.ts';
import { locateGateway, storeOf } from '../location.ts';
import { readOfflineHistory } from '../read-store.ts';

export interface HistoryWish {
  readonly step: HistoryStep;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly metrics: readonly string[];
}

export interface Found<Report> {
  readonly report: Report;
  readonly isRunning: boolean;
}

export async function readHistory(context: CommandContext, wish: HistoryWish): Promise<Found<HistoryReport>> {
  const parts: HistoryReport[] = [];
  let isRunning = true;
  const partMs = (STEPS_MAX - 1) * STEP_MS[wish.step];
  for (let sinceMs = wish.sinceMs; sinceMs < wish.untilMs || parts.length === 0; sinceMs += partMs) {
    const untilMs = Math.min(sinceMs + partMs, wish.untilMs);
    const query = new URLSearchParams({
      step: wish.step,
      since: String(Math.max(0, Math.floor(sinceMs))),
      until: String(Math.max(0, Math.ceil(untilMs))),
      metrics: wish.metrics.join(','),
    });
    const found = await askOrReadHistory(context, '/v1/history', query, {
      request: { kind: 'steps', range: historyQueryOf(query, undefined).range, open: undefined, current: undefined },
      reportOf: (answer) =>
        answer.kind === 'steps'
          ? historyReportOf(answer.series, historyQueryOf(query, undefined), undefined)
          : undefined,
    });
    isRunning = found.isRunning;
    parts.push(found.report);
  }
  return { report: parts.reduce(joined), isRunning };
}

export async function readEvents(context: CommandContext, query: URLSearchParams): Promise<Found<EventsReport>> {
  return await askOrReadHistory(context, '/v1/events', query, {
    request: { kind: 'events', ...eventsQueryOf(query), pending: [], current: undefined },
    reportOf: (answer) => (answer.kind === 'events' ? eventsReportOf(answer, undefined) : undefined),
  });
}

interface Offline<Report> {
  readonly request: HistoryRequest;
  readonly reportOf: (answer: HistoryAnswer) => Report | undefined;
}

async function askOrReadHistory<Path extends '/v1/history' | '/v1/events'>(
  context: CommandContext,
  path: Path,
  query: URLSearchParams,
  offline: Offline<Path extends '/v1/history' ? HistoryReport : EventsReport>,
): Promise<Found<Path extends '/v1/history' ? HistoryReport : EventsReport>> {
  const places = await locateGateway(context);
  const asked = await ask(places.controlSocket, path, `?${query}`);
  if (asked.kind === 'answered') return { report: asked.report as never, isRunning: true };
  if (asked.kind === 'stalled') throw asked.fault;
  const answer = await readOfflineHistory(storeOf(places, asked.fault), offline.request, asked.fault);
  const report = offline.reportOf(answer);
  if (report === undefined) throw asked.fault;
  return { report, isRunning: false };
}

/** Appends a report to that of the time before. A step that both have is in the later one. */
function joined(earlier: HistoryReport, later: HistoryReport): HistoryReport {
  const series = later.series.map((one): HistorySeriesReport => {
    const before = earlier.series.find(({ name }) => name === one.name);
    const [first] = one.points[0] ?? [];
    const count = before?.points.filter(([start]) => start !== null && start < (first ?? 0)).length ?? 0;
    return {
      ...one,
      points: [...(before?.points.slice(0, count) ?? []), ...one.points],
      peaks: [...(before?.peaks.slice(0, count) ?? []), ...one.peaks],
    };
  });
  return { ...later, series };
}
