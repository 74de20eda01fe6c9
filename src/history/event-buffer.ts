/**
 * Events that wait to be written, bounded in number. Equal events in a short time become one event with a count, so that
 * a flapping link cannot push out everything else. Events are equal if they have the same name, subject and detail, and
 * the same mark (`add`).
 *
 * Invariants: at most `EACH_MAX` equal events are separate in `WINDOW_MS`, and at most `EACH_TOTAL_MAX` in one buffer; at
 * most `KIND_MAX` events of one kind. Further ones are counted.
 */
import type { EventKind, HistoryEvent } from './history-events.ts';

/** Time within which equal events are united. */
const WINDOW_MS = 5 * 60_000;
/** Number of equal events in that time that stay separate. */
const EACH_MAX = 3;
/** Number of separate equal events until the buffer is written, about an hour. */
const EACH_TOTAL_MAX = 8;
/** Number of events of one kind until the buffer is written: about 4 pages of the store. */
const KIND_MAX = 60;
/** Largest number of events that wait while the disk is full. */
const WAITING_MAX = 240;
/** Number of different events whose repetition is recognised after the buffer was written. */
const REPEATS_MAX = 512;
/** Name of the event that stands for those without room. */
const OMITTED = 'eventsOmitted';

/** Event with the key of the events that equal it. */
interface WaitingEvent {
  readonly key: string;
  readonly event: HistoryEvent;
}

interface Repeats {
  /** Monotonic ms of the first of the separate events in the present window. */
  windowAtMs: number;
  inWindow: number;
  total: number;
  lastUpMs: number;
}

export class EventBuffer {
  #waiting: WaitingEvent[] = [];
  /** Events that a commit is writing. They are not changed any more. */
  #taken: readonly WaitingEvent[] = [];
  readonly #repeats = new Map<string, Repeats>();
  readonly #omitted = new Map<EventKind, number>();

  /** Events that are not written yet, the oldest first. */
  get events(): readonly HistoryEvent[] {
    return [...this.#taken, ...this.#waiting].map(({ event }) => event);
  }

  /** @param mark further words that keep the event separate from others; they are not stored */
  add(event: HistoryEvent, mark = ''): void {
    const { name, subject, detail } = event;
    const key = JSON.stringify([name, subject, detail, mark]);
    const waiting = { key, event };
    const repeats = this.#repeats.get(key) ?? { windowAtMs: event.upMs, inWindow: 0, total: 0, lastUpMs: event.upMs };
    if (event.upMs - repeats.windowAtMs > WINDOW_MS && event.upMs - repeats.lastUpMs > WINDOW_MS)
      Object.assign(repeats, { windowAtMs: event.upMs, inWindow: 0 });
    repeats.inWindow += 1;
    repeats.lastUpMs = event.upMs;
    this.#repeats.delete(key);
    this.#repeats.set(key, repeats);
    if (this.#repeats.size > REPEATS_MAX)
      for (const oldest of this.#repeats.keys()) return this.#forget(oldest, waiting);
    this.#take(waiting, repeats);
  }

  /** Takes the events of these kinds to write them. `written` or `unwritten` follows before the next call. */
  take(isWanted: (kind: EventKind) => boolean): readonly HistoryEvent[] {
    this.#taken = this.#waiting.filter(({ event: { kind } }) => isWanted(kind));
    this.#waiting = this.#waiting.filter(({ event: { kind } }) => !isWanted(kind));
    for (const kind of this.#omitted.keys()) if (isWanted(kind)) this.#omitted.delete(kind);
    if (this.#waiting.length === 0) for (const repeats of this.#repeats.values()) repeats.total = 0;
    return this.#taken.map(({ event }) => event);
  }

  written(): void {
    this.#taken = [];
  }

  /** Puts the taken events back. While they cannot be written, the oldest are dropped. */
  unwritten(): void {
    this.#waiting = [...this.#taken, ...this.#waiting].slice(-WAITING_MAX);
    this.#taken = [];
  }

  #forget(key: string, waiting: WaitingEvent): void {
    this.#repeats.delete(key);
    const repeats = this.#repeats.get(waiting.key);
    if (repeats !== undefined) this.#take(waiting, repeats);
  }

  #take(waiting: WaitingEvent, repeats: Repeats): void {
    const { key, event } = waiting;
    const isSeparate = repeats.inWindow <= EACH_MAX && repeats.total < EACH_TOTAL_MAX;
    const place = isSeparate ? -1 : this.#waiting.findLastIndex((other) => other.key === key);
    const last = this.#waiting[place]?.event;
    if (last !== undefined && (last.count > 1 || repeats.inWindow > EACH_MAX + 1 || repeats.total >= EACH_TOTAL_MAX)) {
      this.#waiting[place] = { key, event: { ...last, ...laterPart(event), count: last.count + event.count } };
      return;
    }
    if (this.#waiting.filter(({ event: { kind } }) => kind === event.kind).length >= KIND_MAX) return this.#omit(event);
    repeats.total += 1;
    this.#waiting.push(waiting);
  }

  /** Counts an event for which there is no room in the newest event of its kind that says so. */
  #omit(event: HistoryEvent): void {
    const count = (this.#omitted.get(event.kind) ?? 0) + 1;
    this.#omitted.set(event.kind, count);
    const place = this.#waiting.findLastIndex(({ event: { kind } }) => kind === event.kind);
    const last = this.#waiting[place]?.event;
    const omitted: HistoryEvent = {
      ...event,
      name: OMITTED,
      subject: '',
      sentence: `${count} further events of the kind ${event.kind} were too frequent to be kept`,
      detail: '',
      durationMs: null,
      count: 1,
      upMs: last?.name === OMITTED ? last.upMs : event.upMs,
      lastUpMs: event.lastUpMs,
    };
    this.#waiting[place] = { key: OMITTED, event: omitted };
  }
}

/** Fields of a repeated event that replace those of the first one. */
function laterPart({ sentence, durationMs, lastUpMs }: HistoryEvent): Partial<HistoryEvent> {
  return { sentence, durationMs, lastUpMs };
}
