/** Events of the history: type, the line in which an event is stored, and the ring that keeps it. */

export const EVENT_KINDS = [
  'gateway',
  'configuration',
  'operator',
  'storage',
  'hub',
  'link',
  'subdevice',
  'condition',
] as const;

export type EventKind = (typeof EVENT_KINDS)[number];

export interface HistoryEvent {
  readonly epoch: number;
  /** Monotonic ms of that boot. */
  readonly upMs: number;
  /** Unix ms minus monotonic ms, if it was known at the event. */
  readonly offsetMs: number | null;
  readonly kind: EventKind;
  /** Name of the fact, e.g. `hubLost`. */
  readonly name: string;
  /** Link, subdevice, condition or command that the event concerns; '' if there is none. */
  readonly subject: string;
  readonly sentence: string;
  /** Effect on data of a condition, the command of an operator, or the version of a firmware; '' for most others. */
  readonly detail: string;
  /** Duration of the state that the event ended, ms; `null`: it ended none, or the duration is unknown. */
  readonly durationMs: number | null;
  /** Number of equal events that this one stands for. */
  readonly count: number;
  /** Monotonic ms of the last of them. */
  readonly lastUpMs: number;
}

/**
 * Events are kept in two rings of equal size, so that a flapping link does not push out the starts of the gateway and
 * the actions of operators.
 */
export type EventRing = 'rare' | 'frequent';

const RARE: ReadonlySet<EventKind> = new Set(['gateway', 'configuration', 'operator', 'storage']);

export function ringOf(kind: EventKind): EventRing {
  return RARE.has(kind) ? 'rare' : 'frequent';
}

export function isEventKind(word: string): word is EventKind {
  return (EVENT_KINDS as readonly string[]).includes(word);
}

/** Largest lengths of the texts, in characters: an event always fits into one page of the store. */
const SUBJECT_MAX = 80;
const SENTENCE_MAX = 240;

export function eventLine(event: HistoryEvent): string {
  const { epoch, upMs, offsetMs, kind, name, durationMs, count, lastUpMs } = event;
  return JSON.stringify([
    ...[epoch, Math.floor(upMs), offsetMs === null ? null : Math.round(offsetMs), kind, name],
    ...[cut(event.subject, SUBJECT_MAX), cut(event.sentence, SENTENCE_MAX)],
    ...[
      durationMs === null ? null : Math.round(durationMs),
      count,
      Math.floor(lastUpMs - upMs),
      cut(event.detail, SUBJECT_MAX),
    ],
  ]);
}

/** @returns `undefined` if the line is not an event */
export function eventInLine(line: string): HistoryEvent | undefined {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!Array.isArray(fields) || fields.length < 11) return undefined;
  const [epoch, upMs, offsetMs, kind, name, subject, sentence, durationMs, count, lastsMs, detail] = fields;
  if (![epoch, upMs, count, lastsMs].every(isNumber) || ![offsetMs, durationMs].every(isNumberOrNull)) return undefined;
  if (![kind, name, subject, sentence, detail].every((text) => typeof text === 'string') || !isEventKind(kind))
    return undefined;
  const lastUpMs = upMs + lastsMs;
  return { epoch, upMs, offsetMs, kind, name, subject, sentence, detail, durationMs, count, lastUpMs };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isNumberOrNull(value: unknown): value is number | null {
  return value === null || isNumber(value);
}

/** Cuts a text at a character, never within one of two code units. */
function cut(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  const kept = text.slice(0, lengthMax - 1);
  return `${kept.isWellFormed() ? kept : kept.slice(0, -1)}…`;
}
