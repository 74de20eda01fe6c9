/**
 * History in the store: writes the blocks of a commit, folds the minutes of a day into hours, and answers requests.
 *
 * A failure of the history never fails the commit: the writes of the history are undone alone, and no further ones are
 * made until the next opening, which checks the file. Only a full disk and an I/O error concern the whole commit.
 */
import type { Change } from '../custody/change.ts';
import { type EventKind, type EventRing, eventInLine, type HistoryEvent } from '../history/history-events.ts';
import type { HistoryAnswer, HistoryRequest, HistoryTail } from '../history/history-requests.ts';
import { type HistoryEntry, stepsOf } from '../history/history-steps.ts';
import { decodeHours, encodeHours, foldHours, type HourRecord, type OffsetOf } from '../history/hour-records.ts';
import { decodeSamples, MINUTE_MS, type MinuteSample } from '../history/minute-samples.ts';
import { type Database, failsCommit } from './database.ts';
import { readEpochs } from './epoch-rows.ts';
import { fitsPage, HistoryRing } from './history-ring.ts';

/** Number of blocks of minutes that become one block of hours. */
const FOLDED_BLOCKS = 24;
/** Blocks of at least 55 minutes: 7.3 days. */
const MINUTE_SLOTS = 8 * FOLDED_BLOCKS;
/** Blocks of hours, each from 24 blocks of at least 55 minutes: 2 years. */
const HOUR_SLOTS = 800;
/** Pages of each ring of events. */
const EVENT_SLOTS = 256;

export type HistoryChange = Extract<Change, { kind: 'historySamples' | 'historyEvents' }>;

export class HistoryStore {
  readonly #database: Database;
  readonly #minutes: HistoryRing;
  readonly #hours: HistoryRing;
  readonly #events: Readonly<Record<EventRing, HistoryRing>>;
  #failure: string | undefined;
  #writtenBytes = 0;

  constructor(database: Database) {
    this.#database = database;
    this.#minutes = new HistoryRing(database, 'history_minute', MINUTE_SLOTS);
    this.#hours = new HistoryRing(database, 'history_hour', HOUR_SLOTS);
    this.#events = {
      rare: new HistoryRing(database, 'history_rare_event', EVENT_SLOTS),
      frequent: new HistoryRing(database, 'history_frequent_event', EVENT_SLOTS),
    };
  }

  /** Reason why no history is written; `undefined`: it is written. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Bytes that the history caused in the WAL since the opening, except for the pages of the tree that a new page needs. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** Must be called within a transaction. Throws only if the commit cannot succeed either. */
  write(changes: readonly HistoryChange[]): void {
    if (this.#failure !== undefined || changes.length === 0) return;
    try {
      this.#database.transaction(() => {
        for (const change of changes)
          this.#writtenBytes +=
            change.kind === 'historySamples'
              ? this.#writeSamples(change.number, change.table)
              : this.#writeEvents(change.ring, change.lines);
      })();
    } catch (error) {
      for (const ring of [this.#minutes, this.#hours, this.#events.rare, this.#events.frequent]) ring.forget();
      if (failsCommit(error) || !this.#database.inTransaction) throw error;
      this.#failure = error instanceof Error ? error.message : String(error);
    }
  }

  /** A failure is an answer: damage in the history does not end the store. */
  answer(request: HistoryRequest): HistoryAnswer {
    try {
      return this.#answer(request);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#failure ??= reason;
      return { kind: 'failed', reason };
    }
  }

  #answer(request: HistoryRequest): HistoryAnswer {
    switch (request.kind) {
      case 'tail':
        return { kind: 'tail', ...this.#tail() };
      case 'steps':
        return { kind: 'steps', series: stepsOf(this.#entries(request), request.range) };
      case 'events':
        return { kind: 'events', ...this.#readEvents(request) };
    }
  }

  #writeSamples(number: number, table: Uint8Array): number {
    let bytes = this.#minutes.write(number, table);
    if (number % FOLDED_BLOCKS !== 0) return bytes;
    bytes += this.#minutes.reserve(number + 1, FOLDED_BLOCKS - 1);
    const day = number / FOLDED_BLOCKS - 1;
    if (day < 0 || this.#hours.newest >= day) return bytes;
    const samples: MinuteSample[] = [];
    for (let block = day * FOLDED_BLOCKS; block < number; block += 1) samples.push(...this.#samplesOf(block));
    const offsetOf = this.#offsetOf(undefined);
    return bytes + this.#hours.write(day, encodeHours(foldHours(samples, offsetOf)));
  }

  #samplesOf(number: number): readonly MinuteSample[] {
    const content = this.#minutes.read(number);
    const samples = content === undefined ? undefined : decodeSamples(content);
    return samples?.ok === true ? samples.value : [];
  }

  /** Adds the lines to the newest page, and to further pages if they do not fit. */
  #writeEvents(name: EventRing, lines: readonly string[]): number {
    const ring = this.#events[name];
    let number = Math.max(0, ring.newest);
    let page = linesOf(ring.read(number));
    let bytes = 0;
    for (const line of lines) {
      if (page.length > 0 && !fitsPage(contentOf([...page, line]))) {
        bytes += ring.write(number, contentOf(page));
        number += 1;
        page = [];
      }
      page.push(line);
    }
    return bytes + ring.write(number, contentOf(page));
  }

  #tail(): HistoryTail {
    const { newest } = this.#minutes;
    const samples = newest < 0 ? [] : this.#samplesOf(newest);
    const events = linesOf(this.#events.rare.read(Math.max(0, this.#events.rare.newest)));
    const last = events.flatMap((line) => eventInLine(line) ?? []).findLast(({ kind }) => kind === 'gateway');
    return { number: newest, samples, lastEvent: last, writtenBytes: this.#writtenBytes, failure: this.#failure };
  }

  /** Entries of the range, and those without a wall time near it, in the order in which they were taken. */
  #entries({ range, open, current }: Extract<HistoryRequest, { kind: 'steps' }>): HistoryEntry[] {
    const offsetOf = this.#offsetOf(current);
    const chunks: HistoryEntry[][] = [];
    const take = (entries: readonly HistoryEntry[]): boolean => {
      chunks.push(entries.filter(({ wallMs }) => wallMs === undefined || wallMs < range.untilMs));
      const newest = entries.findLast(({ wallMs }) => wallMs !== undefined);
      return newest?.wallMs !== undefined && newest.wallMs < range.sinceMs;
    };
    if (open !== undefined) take(open.samples.map((sample) => entryOfSample(sample, offsetOf)));
    let isDone = false;
    let oldest = Number.POSITIVE_INFINITY;
    for (const { number, content } of this.#minutes.backwards()) {
      if (number === open?.number) continue;
      oldest = number;
      const samples = decodeSamples(content);
      isDone = samples.ok && take(samples.value.map((sample) => entryOfSample(sample, offsetOf)));
      if (isDone) break;
    }
    if (!isDone && range.step === 'hour')
      for (const { number, content } of this.#hours.backwards()) {
        // the minutes of a newer day are there
        if ((number + 1) * FOLDED_BLOCKS > oldest) continue;
        const records = decodeHours(content);
        if (records.ok && take(records.value.map((record) => entryOfHour(record, offsetOf)))) break;
      }
    return chunks.reverse().flat();
  }

  #readEvents(request: Extract<HistoryRequest, { kind: 'events' }>): { events: HistoryEvent[]; more: number } {
    const { sinceMs, untilMs, kinds, limit, pending, current } = request;
    const offsetOf = this.#offsetOf(current);
    const isWanted = (kind: EventKind): boolean => kinds === undefined || kinds.includes(kind);
    const dated = (event: HistoryEvent): HistoryEvent => ({
      ...event,
      offsetMs: event.offsetMs ?? offsetOf(event.epoch) ?? null,
    });
    const isBefore = ({ offsetMs, lastUpMs }: HistoryEvent): boolean =>
      offsetMs !== null && lastUpMs + offsetMs < sinceMs;
    const found = pending.map(dated);
    for (const ring of Object.values(this.#events))
      for (const { content } of ring.backwards()) {
        const page = linesOf(content)
          .flatMap((line) => eventInLine(line) ?? [])
          .map(dated);
        found.push(...page);
        const newest = page.findLast(({ offsetMs }) => offsetMs !== null);
        if (newest !== undefined && isBefore(newest)) break;
      }
    const events = found
      .filter((event) => isWanted(event.kind) && !isBefore(event))
      .filter(({ offsetMs, upMs }) => offsetMs === null || upMs + offsetMs < untilMs)
      .sort((left, right) => left.epoch - right.epoch || left.upMs - right.upMs);
    return { events: events.slice(-limit), more: Math.max(0, events.length - limit) };
  }

  #offsetOf(current: { readonly epoch: number; readonly offsetMs: number | undefined } | undefined): OffsetOf {
    const epochs = readEpochs(this.#database);
    return (epoch) =>
      (epoch === current?.epoch ? current.offsetMs : undefined) ?? epochs.get(epoch)?.wallMinusUpMs ?? undefined;
  }
}

function entryOfSample({ epoch, minute, offsetMs, values }: MinuteSample, offsetOf: OffsetOf): HistoryEntry {
  return { epoch, minute, wallMs: wallOf(epoch, minute, offsetMs, offsetOf), samples: 1, values, peaks: values };
}

function entryOfHour(record: HourRecord, offsetOf: OffsetOf): HistoryEntry {
  const { epoch, minute, offsetMs } = record;
  return { ...record, wallMs: wallOf(epoch, minute, offsetMs, offsetOf) };
}

function wallOf(epoch: number, minute: number, offsetMs: number | null, offsetOf: OffsetOf): number | undefined {
  const offset = offsetMs ?? offsetOf(epoch);
  return offset === undefined ? undefined : minute * MINUTE_MS + offset;
}

function linesOf(content: Buffer | undefined): string[] {
  return content === undefined ? [] : content.toString().split('\n');
}

function contentOf(lines: readonly string[]): Buffer {
  return Buffer.from(lines.join('\n'));
}
