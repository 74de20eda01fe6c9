/** `holdfast events`: what happened, from the store, also of earlier starts of the gateway. */
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { EXIT, Fault } from '../base/fault.ts';
import { EVENT_KINDS, isEventKind } from '../history/history-events.ts';
import type { EventReport, EventsReport } from '../ops/reports/events-report.ts';
import { countOf, durationWords, printable } from '../ops/words.ts';
import { type CommandContext, printJson } from './context.ts';
import { readEvents } from './history/read-history.ts';
import { localTime, zoneWords } from './moment.ts';
import { endWithReader } from './reader-watch.ts';
import { hangOnScreen, type Terminal } from './terminal.ts';

export interface EventsCommandOptions {
  /** Unix ms; `undefined`: 24 h ago. */
  readonly since?: number;
  readonly kind: readonly string[];
  readonly limit: number;
  readonly follow?: true;
}

const DAY_MS = 86_400_000;
/** Interval of the requests of `--follow`. Each reads one or two pages of the store. */
const FOLLOW_MS = 2000;
/** Largest number of events in one answer. */
const LIMIT_MAX = 1000;

export async function showEvents(context: CommandContext, options: EventsCommandOptions): Promise<number> {
  const kinds = options.kind.map(kindIn);
  const sinceMs = Math.max(0, Math.floor(options.since ?? Date.now() - DAY_MS));
  const { limit } = options;
  const query = new URLSearchParams({ since: String(sinceMs), limit: String(limit), kinds: kinds.join(',') });
  const { report, isRunning } = await readEvents(context, query);
  if (context.asJson && options.follow !== true) printJson(context, 'events', report);
  else for (const line of firstLines(report, { sinceMs, isRunning }, context)) context.terminal.print(line);
  if (options.follow === true) {
    if (!isRunning) throw notRunning();
    await follow(context, query, report);
  }
  return EXIT.ok;
}

/** Prints further events until Ctrl-C. @throws Fault `not-running` when the gateway ends */
async function follow(context: CommandContext, query: URLSearchParams, first: EventsReport): Promise<void> {
  endWithReader();
  const stop = new AbortController();
  void once(process, 'SIGINT', { signal: stop.signal }).then(
    () => stop.abort(),
    () => undefined,
  );
  let shown = new Set(first.events.map(keyOf));
  query.set('limit', String(LIMIT_MAX));
  for (;;) {
    await pause(FOLLOW_MS, undefined, { signal: stop.signal }).catch(() => undefined);
    if (stop.signal.aborted) return;
    const { report, isRunning } = await readEvents(context, query);
    if (!isRunning) throw notRunning();
    for (const event of report.events) if (!shown.has(keyOf(event))) showOne(context, event);
    shown = new Set(report.events.map(keyOf));
    const last = report.events.findLast(({ lastAtMs }) => lastAtMs !== null)?.lastAtMs;
    if (last !== undefined && last !== null) query.set('since', String(last));
  }
}

/** Identity of an event with its count: an event that repeats is shown again. */
function keyOf({ boot, upMs, name, subject, count }: EventReport): string {
  return [boot, upMs, name, subject, count].join(' ');
}

function firstLines(
  { events, more }: EventsReport,
  { sinceMs, isRunning }: { readonly sinceMs: number; readonly isRunning: boolean },
  { terminal, asJson }: CommandContext,
): string[] {
  if (asJson) return [];
  const source = isRunning ? [] : ['Read from the store: no gateway is running.'];
  if (events.length === 0) return [...source, `No events since ${localTime(sinceMs)} (${zoneWords(sinceMs)}).`];
  const older =
    more === 0 ? [] : [terminal.tone('quiet', `${countOf(more, 'older event')}: raise --limit to see more.`)];
  return [...source, ...older, ...events.flatMap((event) => eventLines(event, terminal))];
}

function showOne(context: CommandContext, event: EventReport): void {
  if (context.asJson) printJson(context, 'events', { events: [event], more: 0, nowMs: null });
  else for (const line of eventLines(event, context.terminal)) context.terminal.print(line);
}

function eventLines(event: EventReport, terminal: Terminal): string[] {
  const time = timeWords(event);
  const head = `${time}  `;
  const [first = '', ...further] = hangOnScreen(head, printable(event.sentence), terminal);
  return [`${terminal.tone('quiet', head)}${first.slice(head.length)}`, ...further];
}

/** Local time, or the time within its boot if the clock was unknown. */
function timeWords({ atMs, boot, upMs }: Pick<EventReport, 'atMs' | 'boot' | 'upMs'>): string {
  if (atMs !== null) return localTime(atMs, true);
  return `boot ${boot} +${durationWords(upMs)}`.padEnd('2026-11-29 14:03:09'.length);
}

function kindIn(word: string): string {
  if (isEventKind(word)) return word;
  throw new Fault('usage', `There is no kind of event ${word}`, { hint: `The kinds are ${EVENT_KINDS.join(', ')}.` });
}

function notRunning(): Fault {
  return new Fault('not-running', 'The gateway does not run, so there are no further events', {
    hint: 'Run the command without --follow to read the store, or start the gateway: systemctl start holdfast',
  });
}
