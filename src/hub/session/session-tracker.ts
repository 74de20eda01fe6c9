/**
 * Tracks the state of the session at the hub: how long the gateway was away and how long the hub keeps the session,
 * whether the session was present, how many stored messages have come, and whether downlinks may be missing.
 *
 * Fed by `flow/hub-session-monitor.ts`. The hub reports neither the number of stored messages nor dropped ones. So all
 * values are counted or bounded, and only certain facts are reported as certain. Source: the hub's public page
 * "Persistent session".
 */
import { type Age, ageOf, type Epoch, type Stamp } from '../../base/time.ts';
import type { Gap, HubSessionRow } from '../../custody/row.ts';

/** Properties of a session that the hub documents. */
export interface SessionTerms {
  /** Lifetime of a session without a connection. */
  readonly keptMs: number;
  /** Largest number of stored QoS 1 messages. The hub does not document which message it drops above that. */
  readonly storedMax: number;
  /** Interval between two stored messages after a resume. */
  readonly intervalMs: number;
}

/** Properties that the hub documents under "Persistent session": 24 h, 150 messages, one by one every 500 ms. */
export const HUB_TERMS: SessionTerms = { keptMs: 24 * 3_600_000, storedMax: 150, intervalMs: 500 };
/**
 * Number of intervals without a message after which no stored message is left. Ten, since an SD card may need some
 * seconds for a commit.
 */
const QUIET_INTERVALS = 10;
/**
 * Number of stored messages that may come early, because the network delayed CONNACK more than the messages after it.
 */
const EARLY_MAX = 4;
/** Number of connections taken over in a row before a takeover is suspected (`hub/client/takeover.ts`). */
const TAKEOVERS = 3;

/** Comparison of the last CONNACK with the expected session. */
export type Finding = 'new' | 'resumed' | 'lost' | 'unexpected';

export interface StoredReplay {
  /** Largest possible number of received messages that were stored. */
  readonly received: number;
  readonly storedMax: number;
  /** Longest remaining time at the hub's pace, ms. */
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
  /** Properties of a session at this hub. `undefined`: unknown. */
  readonly terms: SessionTerms | undefined;
  readonly gap: Gap | undefined;
  /** Start of this process. */
  readonly openedAt: Stamp;
  /** Time since which an earlier process is known not to have spoken to the hub; `undefined`: unknown. */
  readonly silentSince?: Stamp | undefined;
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

  /** Result of the last CONNACK. `undefined` before the first. */
  get finding(): Finding | undefined {
    return this.#finding;
  }

  /** Possible gap: downlinks may be missing since its beginning. Set until `settleGap`. */
  get gap(): Gap | undefined {
    return this.#gap;
  }

  /** Time since the hub last had a connection of this gateway. `undefined`: connected now, or never. */
  away(row: HubSessionRow, now: Stamp, epochs: ReadonlyMap<number, Epoch>): Age | undefined {
    if (row.changedAt === undefined) return undefined;
    if (!row.connected) return ageOf(row.changedAt, now, epochs);
    if (this.#hasConnected) return undefined;
    // an earlier process ended while connected, at an unknown time before this process began
    const { openedAt, silentSince = openedAt } = this.#options;
    return { ...ageOf(silentSince, now, epochs), quality: 'at_least' };
  }

  /** True if the session has certainly ended. A lower bound of the age is enough for that. */
  isOver(away: Age | undefined): boolean {
    const { terms } = this.#options;
    return terms !== undefined && away !== undefined && away.ms > terms.keptMs;
  }

  /** Handles CONNACK. @param before row and age before it */
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
    // the hub keeps messages no longer than a session, for any value of SessionPresent
    if (wasExpected && this.isOver(away))
      return [found, ...this.#miss({ reason: 'away longer than the hub keeps messages', from }, away)];
    return [found];
  }

  /**
   * Handles a PUBLISH from the hub. A PUBLISH with DUP was sent before, so it was not stored. QoS 0 is never stored.
   */
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

  /** Time at which `wake` may have a result, monotonic ms. */
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

  /** Handles the end of a connection. The hub sends the rest of its stored messages in the next connection. */
  disconnected(at: Stamp): void {
    this.#counting = undefined;
    this.#endings = [...this.#endings, at].slice(-TAKEOVERS);
  }

  /** Called when connections in a row were taken over: the hub may have sent downlinks to another client meanwhile. */
  takenOver(): TrackerReport[] {
    if (this.#gap !== undefined) return [];
    const from = this.#endings[0] ?? this.#options.openedAt;
    return this.#miss({ reason: 'another client may have used our session', from }, undefined);
  }

  /** Progress of the hub replay. `undefined`: none is known. */
  replay(nowMs: number): StoredReplay | undefined {
    const { terms } = this.#options;
    if (this.#counting === undefined || terms === undefined) return undefined;
    const received = this.#storedIn(this.#counting, terms, nowMs);
    return { received, storedMax: terms.storedMax, leftMs: (terms.storedMax - received) * terms.intervalMs };
  }

  /** Clears the gap, by command of an operator. @returns whether there was one */
  settleGap(): boolean {
    const had = this.#gap !== undefined;
    this.#gap = undefined;
    return had;
  }

  /**
   * Returns the number of stored messages received. A live message looks the same, but the hub's pace bounds the
   * number.
   */
  #storedIn(counting: Counting, terms: SessionTerms, nowMs: number): number {
    const pacedMax = 1 + EARLY_MAX + Math.floor((nowMs - counting.sinceMs) / terms.intervalMs);
    return Math.min(counting.received, pacedMax, terms.storedMax);
  }

  /** Records a gap. The oldest gap is kept, because it includes the later ones. */
  #miss(gap: Gap, away: Age | undefined): TrackerReport[] {
    this.#gap ??= gap;
    return [{ kind: 'gap', gap, away }];
  }
}
