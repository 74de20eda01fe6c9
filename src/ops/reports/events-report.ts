/** Report of the events: `GET /v1/events`, and the same from the store of a gateway that does not run. */
import { type EventKind, type HistoryEvent, isEventKind } from '../../history/history-events.ts';
import { countWords, durationWords } from '../words.ts';
import { timeIn } from './history-report.ts';

/** `GET /v1/events?since=<unix ms>&until=<unix ms>&limit=100&kinds=hub,link`: the newest events, the oldest first. */
export interface EventsReport {
  readonly events: readonly EventReport[];
  /** Number of older events in the range that are not in the answer. */
  readonly more: number;
  /** Trusted wall time of the gateway now, Unix ms; `null`: unknown. */
  readonly nowMs: number | null;
}

export interface EventReport {
  /** Unix ms; `null`: the clock was unknown in that boot. */
  readonly atMs: number | null;
  /** `exact`: by a trusted clock. `unknown`: only the order is known, and the time within its boot. */
  readonly quality: 'exact' | 'unknown';
  readonly kind: EventKind;
  /** Name of the fact, e.g. `hubLost`. */
  readonly name: string;
  /** Thing that the event concerns; '' if there is none. */
  readonly subject: string;
  /** Sentence with duration and number. */
  readonly sentence: string;
  /** Effect on data of a condition, or the command of an operator; '' for other events. */
  readonly detail: string;
  /** Duration of the state that the event ended, ms; `null`: none, or unknown. */
  readonly durationMs: number | null;
  /** Number of equal events that this one stands for. */
  readonly count: number;
  /** Unix ms of the last of them; `null`: unknown. */
  readonly lastAtMs: number | null;
  /** Number of the boot, and monotonic ms in that boot. */
  readonly boot: number;
  readonly upMs: number;
}

export interface EventsQuery {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly limit: number;
  readonly kinds: readonly EventKind[] | undefined;
}

const LIMIT = 100;
const LIMIT_MAX = 1000;

/** Decodes the query string; invalid values are ignored. */
export function eventsQueryOf(query: URLSearchParams): EventsQuery {
  const kinds = (query.get('kinds') ?? '').split(',').filter(isEventKind);
  return {
    sinceMs: timeIn(query, 'since') ?? 0,
    untilMs: timeIn(query, 'until') ?? Number.MAX_SAFE_INTEGER,
    limit: Math.max(1, Math.min(timeIn(query, 'limit') ?? LIMIT, LIMIT_MAX)),
    kinds: kinds.length === 0 ? undefined : kinds,
  };
}

export function eventsReportOf(
  found: { readonly events: readonly HistoryEvent[]; readonly more: number },
  nowMs: number | undefined,
): EventsReport {
  return {
    events: found.events.map(eventReportOf),
    more: found.more,
    nowMs: nowMs === undefined ? null : Math.round(nowMs),
  };
}

function eventReportOf(event: HistoryEvent): EventReport {
  const { epoch, upMs, offsetMs, kind, name, subject, detail, durationMs, count, lastUpMs } = event;
  const at = (ms: number): number | null => (offsetMs === null ? null : Math.round(ms + offsetMs));
  return {
    atMs: at(upMs),
    quality: offsetMs === null ? 'unknown' : 'exact',
    kind,
    name,
    subject,
    sentence: sentenceOf(event),
    detail,
    durationMs,
    count,
    lastAtMs: at(lastUpMs),
    boot: epoch,
    upMs,
  };
}

/** State that an event ended, in words. */
const ENDED: Readonly<Record<string, string>> = {
  hubConnected: 'away',
  hubLost: 'connected',
  linkOpened: 'down',
  linkClosed: 'open',
  subdeviceAttached: 'away',
  subdeviceDetached: 'attached',
};

function sentenceOf({ name, sentence, durationMs, count, upMs, lastUpMs }: HistoryEvent): string {
  const ended = ENDED[name];
  const lasted = durationMs === null || ended === undefined ? '' : ` (${ended} ${durationWords(durationMs)})`;
  const often = count === 1 ? '' : ` (${countWords(count)} times in ${durationWords(lastUpMs - upMs)})`;
  return `${sentence}${lasted}${often}`;
}
