/**
 * What the hub is doing with our session: how long it has not seen us and for how long it keeps us, whether the session
 * was there, how much of what it stored has come, and whether downlinks may be missing.
 *
 * Fed by `flow/hub-session-monitor.ts`. The hub never says how much it stored, nor that it has dropped anything; so everything
 * here is counted or bounded, and only what is certain is called so. Source: the hub's "Persistent session".
 */
import { type Age, ageOf, type Epoch, type Stamp } from '../../base/time.ts';
import type { Gap, HubSessionRow } from '../../custody/row.ts';

/** What a hub promises of a session. */
export interface SessionTerms {
  /** Without a connection it lives so long. */
  readonly keptMs: number;
  /** QoS 1 messages at most; which one goes when there are more is not documented. */
  readonly storedMax: number;
  /** Between two stored messages after a resume. */
  readonly intervalMs: number;
}

/** "Persistent session": 24 h, 150 messages, one by one every 500 ms. */
export const HUB_TERMS: SessionTerms = { keptMs: 24 * 3_600_000, storedMax: 150, intervalMs: 500 };
/** So many intervals without a message: nothing stored is left. Ten, since a card may take some seconds for a commit. */
const QUIET_INTERVALS = 10;
/** The network may hold CONNACK back longer than what follows it: stored messages that may come early for that. */
const EARLY_MAX = 4;
/** Connections taken in a row before a takeover is suspected (`hub/client/takeover.ts`). */
const TAKEOVERS = 3;

/** Of the last CONNACK, against what we expected. */
export type Finding = 'new' | 'resumed' | 'lost' | 'unexpected';

export interface StoredReplay {
  /** At most so many of those that came had been stored. */
  readonly received: number;
  readonly storedMax: number;
  /** At most so long, at the hub's pace. */
  readonly leftMs: number;
}

export type TrackerReport =
  | { readonly kind: 'found'; readonly finding: Finding; readonly away: Age | undefined }
  | { readonly kind: 'replayStarted' }
  | { readonly kind: 'replayDone'; readonly received: number }
  | { readonly kind: 'gap'; readonly gap: Gap; readonly away: Age | undefined };

interface Counting {
  readonly sinceMs: number;
  readonly away: Age | undefined;
  readonly from: Stamp | undefined;
  received: number;
  lastMs: number;
}

export interface TrackerOptions {
  /** `undefined`: nobody knows what this hub keeps. */
  readonly terms: SessionTerms | undefined;
  readonly gap: Gap | undefined;
  /** When this process began. */
  readonly openedAt: Stamp;
}

export class HubSessionTracker {
  readonly #options: TrackerOptions;
  #gap: Gap | undefined;
  #finding: Finding | undefined;
  #counting: Counting | undefined;
  #hasConnected = false;
  /** Ends of the last connections, oldest first. */
  #endings: readonly Stamp[] = [];

  constructor(options: TrackerOptions) {
    this.#options = options;
    this.#gap = options.gap;
  }

  get terms(): SessionTerms | undefined {
    return this.#options.terms;
  }

  /** Of the last CONNACK; `undefined` before the first. */
  get finding(): Finding | undefined {
    return this.#finding;
  }

  /** Downlinks may be missing since then; stands until `settleGap`. */
  get gap(): Gap | undefined {
    return this.#gap;
  }

  /** For how long the hub has not seen us; `undefined`: it does, or never did. */
  away(row: HubSessionRow, now: Stamp, epochs: ReadonlyMap<number, Epoch>): Age | undefined {
    if (row.changedAt === undefined) return undefined;
    if (!row.connected) return ageOf(row.changedAt, now, epochs);
    if (this.#hasConnected) return undefined;
    // an earlier process was cut off while connected, nobody knows when: at least since before this one began
    return { ...ageOf(this.#options.openedAt, now, epochs), quality: 'at_least' };
  }

  /** Has the session certainly ended by now? An age is never more than it is, so a lower bound will do. */
  isOver(away: Age | undefined): boolean {
    const { terms } = this.#options;
    return terms !== undefined && away !== undefined && away.ms > terms.keptMs;
  }

  /** CONNACK. @param row as it was before it; @param away as it was then */
  connected(
    sessionPresent: boolean,
    before: { readonly row: HubSessionRow; readonly away: Age | undefined },
    nowMs: number,
  ): TrackerReport[] {
    const { row, away } = before;
    this.#hasConnected = true;
    const wasExpected = row.expected;
    if (sessionPresent) this.#finding = wasExpected ? 'resumed' : 'unexpected';
    else this.#finding = wasExpected ? 'lost' : 'new';
    this.#counting = sessionPresent
      ? { sinceMs: nowMs, away, from: row.changedAt, received: 0, lastMs: nowMs }
      : undefined;
    const found: TrackerReport = { kind: 'found', finding: this.#finding, away };
    const from = row.changedAt ?? this.#options.openedAt;
    if (this.#finding === 'lost') return [found, ...this.#miss({ reason: 'session lost', from }, away)];
    // whatever SessionPresent says, the hub keeps no message longer than a session
    if (wasExpected && this.isOver(away))
      return [found, ...this.#miss({ reason: 'away longer than the hub keeps messages', from }, away)];
    return [found];
  }

  /** A PUBLISH from the hub. One with DUP was sent before, so it was not stored; QoS 0 never is. */
  message(qos: number, dup: boolean, nowMs: number): TrackerReport[] {
    const { terms } = this.#options;
    const counting = this.#counting;
    if (counting === undefined || terms === undefined || qos === 0 || dup) return [];
    const isFirst = counting.received === 0;
    counting.received += 1;
    counting.lastMs = nowMs;
    const started: TrackerReport[] = isFirst ? [{ kind: 'replayStarted' }] : [];
    if (this.#storedIn(counting, terms, nowMs) < terms.storedMax) return started;
    this.#counting = undefined;
    const from = counting.from ?? this.#options.openedAt;
    return [
      ...started,
      { kind: 'replayDone', received: terms.storedMax },
      ...this.#miss({ reason: 'the hub’s store was full', from }, counting.away),
    ];
  }

  /** When `wake` may have something to say, monotonic ms. */
  wakeAtMs(): number | undefined {
    const { terms } = this.#options;
    if (this.#counting === undefined || terms === undefined) return undefined;
    return this.#counting.lastMs + QUIET_INTERVALS * terms.intervalMs;
  }

  wake(nowMs: number): TrackerReport[] {
    const counting = this.#counting;
    if (counting === undefined || nowMs < (this.wakeAtMs() ?? Number.POSITIVE_INFINITY)) return [];
    this.#counting = undefined;
    return counting.received === 0 ? [] : [{ kind: 'replayDone', received: counting.received }];
  }

  /** What the hub did not get through with starts again with the next connection. */
  disconnected(at: Stamp): void {
    this.#counting = undefined;
    this.#endings = [...this.#endings, at].slice(-TAKEOVERS);
  }

  /** Connections in a row were taken from us: the hub may have sent our downlinks to another client in between. */
  takenOver(): TrackerReport[] {
    if (this.#gap !== undefined) return [];
    const from = this.#endings[0] ?? this.#options.openedAt;
    return this.#miss({ reason: 'another client may have used our session', from }, undefined);
  }

  /** What the hub is sending of what it stored; `undefined`: nothing, as far as one can tell. */
  replay(nowMs: number): StoredReplay | undefined {
    const { terms } = this.#options;
    if (this.#counting === undefined || terms === undefined) return undefined;
    const received = this.#storedIn(this.#counting, terms, nowMs);
    return { received, storedMax: terms.storedMax, leftMs: (terms.storedMax - received) * terms.intervalMs };
  }

  /** Somebody has dealt with it. @returns whether there was one */
  settleGap(): boolean {
    const had = this.#gap !== undefined;
    this.#gap = undefined;
    return had;
  }

  /** A live message looks like a stored one; but more than the pace allows cannot have been stored. */
  #storedIn(counting: Counting, terms: SessionTerms, nowMs: number): number {
    const pacedMax = 1 + EARLY_MAX + Math.floor((nowMs - counting.sinceMs) / terms.intervalMs);
    return Math.min(counting.received, pacedMax, terms.storedMax);
  }

  /** The oldest gap stands: what is missing since then includes what is missing since later. */
  #miss(gap: Gap, away: Age | undefined): TrackerReport[] {
    this.#gap ??= gap;
    return [{ kind: 'gap', gap, away }];
  }
}
