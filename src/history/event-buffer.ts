/**
 * Events that wait to be written, bounded in number. Equal events in a short time become one event with a count, so that
 * a flapping link cannot push out everything else.
 *
 * Invariants: at most `EACH_MAX` events with the same name and subject are separate in `WINDOW_MS`, and at most
 * `EACH_TOTAL_MAX` in one buffer; at most `KIND_MAX` events of one kind. Further ones are counted.
 */
import { type EventKind, type HistoryEvent, ringOf } from './history-events.ts';

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

interface Repeats {
  /** Monotonic ms of the first of the separate events in the present window. */
  windowAtMs: number;
  inWindow: number;
  total: number;
  lastUpMs: number;
}

export class EventBuffer {
  #events: HistoryEvent[] = [];
  /** Events that a commit is writing. They are not changed any more. */
  #taken: readonly HistoryEvent[] = [];
  readonly #repeats = new Map<string, Repeats>();
  readonly #omitted = new Map<EventKind, number>();

  /** Events that are not written yet, the oldest first. */
  get events(): readonly HistoryEvent[] {
    return [...this.#taken, ...this.#events];
  }

  add(event: HistoryEvent): void {
    const key = keyOf(event);
    const repeats = this.#repeats.get(key) ?? { windowAtMs: event.upMs, inWindow: 0, total: 0, lastUpMs: event.upMs };
    if (event.upMs - repeats.windowAtMs > WINDOW_MS && event.upMs - repeats.lastUpMs > WINDOW_MS)
      Object.assign(repeats, { windowAtMs: event.upMs, inWindow: 0 });
    repeats.inWindow += 1;
    repeats.lastUpMs = event.upMs;
    this.#repeats.delete(key);
    this.#repeats.set(key, repeats);
    if (this.#repeats.size > REPEATS_MAX) for (const oldest of this.#repeats.keys()) return this.#forget(oldest, event);
    this.#take(event, repeats);
  }

  /** Takes the events of these kinds to write them. `written` or `unwritten` follows before the next call. */
  take(isWanted: (kind: EventKind) => boolean): readonly HistoryEvent[] {
    this.#taken = this.#events.filter(({ kind }) => isWanted(kind));
    this.#events = this.#events.filter(({ kind }) => !isWanted(kind));
    for (const kind of this.#omitted.keys()) if (isWanted(kind)) this.#omitted.delete(kind);
    if (this.#events.length === 0) for (const repeats of this.#repeats.values()) repeats.total = 0;
    return this.#taken;
  }

  written(): void {
    this.#taken = [];
  }

  /** Puts the taken events back. While they cannot be written, the oldest are dropped. */
  unwritten(): void {
    this.#events = [...this.#taken, ...this.#events].slice(-WAITING_MAX);
    this.#taken = [];
  }

  #forget(key: string, event: HistoryEvent): void {
    this.#repeats.delete(key);
    const repeats = this.#repeats.get(keyOf(event));
    if (repeats !== undefined) this.#take(event, repeats);
  }

  #take(event: HistoryEvent, repeats: Repeats): void {
    const isSeparate = repeats.inWindow <= EACH_MAX && repeats.total < EACH_TOTAL_MAX;
    const place = isSeparate ? -1 : this.#events.findLastIndex((other) => keyOf(other) === keyOf(event));
    const last = this.#events[place];
    if (last !== undefined && (last.count > 1 || repeats.inWindow > EACH_MAX + 1 || repeats.total >= EACH_TOTAL_MAX)) {
      this.#events[place] = { ...last, ...laterPart(event), count: last.count + event.count };
      return;
    }
    if (this.#events.filter(({ kind }) => kind === event.kind).length >= KIND_MAX) return this.#omit(event);
    repeats.total += 1;
    this.#events.push(event);
  }

  /** Counts an event for which there is no room in the newest event of its kind that says so. */
  #omit(event: HistoryEvent): void {
    const count = (this.#omitted.get(event.kind) ?? 0) + 1;
    this.#omitted.set(event.kind, count);
    const place = this.#events.findLastIndex(({ kind }) => kind === event.kind);
    const omitted: HistoryEvent = {
      ...event,
      name: 'eventsOmitted',
      subject: '',
      sentence: `${count} further events of the kind ${event.kind} were too frequent to be kept`,
      detail: '',
      durationMs: null,
      count: 1,
      upMs: event.upMs,
      lastUpMs: event.upMs,
    };
    const last = this.#events[place];
    if (last?.name === 'eventsOmitted') this.#events[place] = { ...omitted, upMs: last.upMs, lastUpMs: event.lastUpMs };
    else this.#events[place] = omitted;
  }
}

/** Fields of a repeated event that replace those of the first one. */
function laterPart({ sentence, durationMs, lastUpMs }: HistoryEvent): Partial<HistoryEvent> {
  return { sentence, durationMs, lastUpMs };
}

/** Acts of operators are equal only if their command, or its reason, is the same too. */
function keyOf({ kind, name, subject, detail }: HistoryEvent): string {
  return ringOf(kind) === 'rare' ? `${name} ${subject} ${detail}` : `${name} ${subject}`;
}
