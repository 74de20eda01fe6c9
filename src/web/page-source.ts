/**
 * Reads the content of live pages over the control socket, as every other client does. Each part is read again only after
 * a time that fits its cost, however many browsers look at it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '../base/fault.ts';
import { machineVersions } from '../io/machine-versions.ts';
import type { AnswerPath, ControlAnswers } from '../ops/api/control-answers.ts';
import { ask } from '../ops/api/control-client.ts';
import type { EventsReport } from '../ops/reports/events-report.ts';
import type { LedgerReport } from '../ops/reports/ledger-report.ts';
import type { StatusReport } from '../ops/reports/report.ts';
import type { PageContent, PageEvents } from '../page/page-content.ts';
import { pageEventsOf } from '../page/page-events.ts';
import { eventsQuery, historyQuery, type PagePeriod } from '../page/period.ts';

export interface PageSourceOptions {
  readonly controlSocket: string;
  readonly version: string;
  /** Name of the gateway, shown while it does not answer. */
  readonly gateway: string;
  /** Monotonic ms. */
  readonly nowMs: () => number;
}

/** Time for which a part is used again, ms. */
const STATUS_MS = 1500;
const SUBDEVICES_MS = 5000;
/** The ledger counts all rows in the store. */
const LEDGER_MS = 60_000;
const HISTORY_MS = 60_000;
const EVENTS_MS = 10_000;

type Answer<Path extends AnswerPath> = ControlAnswers[Path] | Fault;

/** Time that a page waits for a part; afterwards it shows the earlier answer. */
const WAIT_MS = 1000;

interface Part {
  readonly atMs: number;
  readonly answer: Promise<Answer<AnswerPath>>;
  settled: Answer<AnswerPath> | undefined;
  /** Answer of the reading before. */
  readonly before: Answer<AnswerPath> | undefined;
}

const LATE = new Fault('not-running', 'it is still being read', { hint: 'Wait.' });

export class PageSource {
  readonly #options: PageSourceOptions;
  readonly #parts = new Map<string, Part>();
  readonly #events = new Map<string, { readonly report: EventsReport; readonly events: PageEvents }>();
  #versions: Promise<Readonly<Record<string, string>>> | undefined;

  constructor(options: PageSourceOptions) {
    this.#options = options;
  }

  async content(period: PagePeriod): Promise<PageContent> {
    const status = await this.status();
    this.#versions ??= versionsOf(this.#options.version);
    const base = { madeAtMs: Date.now(), storedSubdevices: null, versions: await this.#versions };
    if (status instanceof Fault) {
      const nothing = { status: null, subdevices: null, firmware: null, ledger: null, history: null, events: null };
      const sentence = `Unknown. ${status.message}. ${status.hint}`;
      return {
        ...base,
        ...nothing,
        gateway: this.#options.gateway,
        verdict: { losing: 'unknown', sentence },
        missing: [],
      };
    }
    const missing: string[] = [];
    const known = <T>(what: string, answer: T | Fault): T | null => {
      if (!(answer instanceof Fault)) return answer;
      missing.push(`The ${what} cannot be read: ${answer.message}.`);
      return null;
    };
    const nowMs = Date.now();
    const [subdevices, firmware, ledger, history, events] = await Promise.all([
      this.#part('/v1/subdevices', '', SUBDEVICES_MS),
      this.#part('/v1/firmware', '', SUBDEVICES_MS),
      this.#part('/v1/ledger', '', LEDGER_MS),
      this.#part('/v1/history', historyQuery(period, nowMs), HISTORY_MS, `history ${period.name}`),
      this.#part('/v1/events', eventsQuery(period, nowMs), EVENTS_MS, `events ${period.name}`),
    ]);
    return {
      ...base,
      gateway: status.process.gateway,
      verdict: status,
      status,
      subdevices: known('list of subdevices', subdevices)?.subdevices ?? null,
      firmware: known('list of firmware updates', firmware),
      ledger: withLiveTotals(known('ledger', ledger), status),
      history: known('history', history),
      events: this.#pageEvents(period.name, known('list of events', events)),
      missing,
    };
  }

  /** Returns the same object for the same report, so that an unchanged section is not rendered again. */
  #pageEvents(period: string, report: EventsReport | null): PageEvents | null {
    if (report === null) return null;
    const known = this.#events.get(period);
    if (known?.report === report) return known.events;
    const events = pageEventsOf(report, 'kept');
    this.#events.set(period, { report, events });
    return events;
  }

  status(): Promise<Answer<'/v1/status'>> {
    return this.#part('/v1/status', '', STATUS_MS);
  }

  /** @param name key of the answer, if its query changes with time */
  async #part<Path extends AnswerPath>(
    path: Path,
    query: string,
    forMs: number,
    name: string = path,
  ): Promise<Answer<Path>> {
    const nowMs = this.#options.nowMs();
    let part = this.#parts.get(name);
    if (part === undefined || (nowMs - part.atMs >= forMs && part.settled !== undefined)) {
      const answer = this.#ask(path, query);
      const started: Part = { atMs: nowMs, answer, settled: undefined, before: part?.settled };
      void answer.then((settled) => {
        started.settled = settled;
      });
      this.#parts.set(name, started);
      part = started;
    }
    const { answer, before = LATE } = part;
    return (await Promise.race([answer, pause(WAIT_MS, before, { ref: false })])) as Answer<Path>;
  }

  async #ask<Path extends AnswerPath>(path: Path, query: string): Promise<Answer<Path>> {
    try {
      const asked = await ask(this.#options.controlSocket, path, query);
      return asked.kind === 'answered' ? asked.report : asked.fault;
    } catch (error) {
      if (error instanceof Fault) return error;
      throw error;
    }
  }
}

/** The counts of the store are a minute old; the sums of RAM are present. */
function withLiveTotals(ledger: LedgerReport | null, status: StatusReport): LedgerReport | null {
  return ledger === null || status.ledger === null ? ledger : { ...ledger, totals: status.ledger };
}

async function versionsOf(version: string): Promise<Readonly<Record<string, string>>> {
  const found = Object.entries(await machineVersions(version));
  return Object.fromEntries(found.map(([name, value]) => [name, value ?? 'unknown']));
}
