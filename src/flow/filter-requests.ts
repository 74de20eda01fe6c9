/**
 * SUBSCRIBE and UNSUBSCRIBE on their way to the hub, a few at a time: the flow's part of what `hub/client/filter-answers.ts` sends. The
 * poison detector says when each may go, so a filter on which the hub closes the connection holds nothing up.
 *
 * A hub that does not answer one is asked again later in the same connection: leaving it would stop the uplinks.
 *
 * A hub that says SessionPresent=1 may have lost the subscriptions all the same, and nothing would show that. So each that
 * it is to hold is sent again, one at a time and slowly; a SUBSCRIBE for a subscription that exists replaces it
 * [MQTT-3.8.4-3].
 */
import { actOf } from '../outbox/hub-packet.ts';
import type { PoisonDetector } from '../outbox/poison-detector.ts';

/** Unanswered at a time: gentle on a hub that limits its clients. */
const OPEN_MAX = 8;
/** After this time a request without an answer is repeated; doubled each time. */
const REPEAT_MS = 5 * 60_000;
const REPEAT_MS_MAX = 60 * 60_000;
/** A connection that is to be renewed must have lasted this long: one that flaps costs no SUBSCRIBE. */
const RENEW_AFTER_MS = 5000;
/** Pause between two SUBSCRIBEs of a renewal. */
const RENEW_EACH_MS = 250;
/** Least time from the start of one renewal to the start of the next. */
const RENEW_PAUSE_MS = 60_000;

export type FilterVerb = 'subscribe' | 'unsubscribe';

export interface FilterRequest {
  readonly kind: FilterVerb;
  readonly filter: string;
  readonly isSuspect: boolean;
}

/** A request that the hub leaves unanswered in this connection. */
interface Silence {
  readonly kind: FilterVerb;
  readonly pauseMs: number;
  readonly repeatAtMs: number;
}

export class FilterRequests {
  readonly #poison: PoisonDetector;
  /** Filter → what is to be asked for it; a later request makes an earlier one pointless. */
  readonly #waiting = new Map<string, FilterVerb>();
  readonly #open = new Map<string, FilterVerb>();
  readonly #silent = new Map<string, Silence>();
  /** Filters to be sent again although the hub granted them. Kept over a lost connection: those left go first then. */
  #renewals = new Set<string>();
  #renewalAtMs = 0;
  /** Start of the last renewal. */
  #renewedAtMs = Number.NEGATIVE_INFINITY;
  #isRenewing = false;
  /** Nothing that waits can go before this time, unless something changes. */
  #lookAtMs = 0;

  constructor(poison: PoisonDetector) {
    this.#poison = poison;
  }

  /** Filters whose request the hub leaves unanswered. */
  get silent(): ReadonlyMap<string, { readonly kind: FilterVerb }> {
    return this.#silent;
  }

  isAsked(filter: string): boolean {
    return this.#open.has(filter) || this.#waiting.has(filter);
  }

  ask(kind: FilterVerb, filter: string): void {
    const other = kind === 'subscribe' ? 'unsubscribe' : 'subscribe';
    this.#poison.forget(actOf(other, filter).key);
    this.#silent.delete(filter);
    this.#waiting.delete(filter);
    this.#waiting.set(filter, kind);
    this.#renewals.delete(filter);
    this.look();
  }

  /** Sends these again, although the hub granted them in an earlier connection, once the connection has lasted. */
  renew(granted: Iterable<string>, nowMs: number): void {
    const filters = new Set(granted);
    const left = [...this.#renewals].filter((filter) => filters.has(filter));
    this.#renewals = new Set([...left, ...filters]);
    this.#renewalAtMs = Math.max(nowMs + RENEW_AFTER_MS, this.#renewedAtMs + RENEW_PAUSE_MS);
    this.#isRenewing = false;
  }

  /** Something was released: what waits may go. */
  look(): void {
    this.#lookAtMs = 0;
  }

  /** The next one that may go now. Those under suspicion come last. */
  next(nowMs: number): FilterRequest | undefined {
    this.#repeat(nowMs);
    this.#renewOne(nowMs);
    if (this.#open.size >= OPEN_MAX || nowMs < this.#lookAtMs || this.#waiting.size === 0) return undefined;
    let last: FilterRequest | undefined;
    for (const [filter, kind] of this.#waiting) {
      const act = actOf(kind, filter);
      const permission = this.#poison.mayGo(act, nowMs);
      if (permission === 'wait') return undefined;
      if (permission !== 'go') continue;
      const request = { kind, filter, isSuspect: this.#poison.isWatched(act) };
      if (!this.#poison.isSuspect(act)) return this.#take(request, nowMs);
      last ??= request;
    }
    if (last !== undefined) return this.#take(last, nowMs);
    this.#lookAtMs = this.#poison.wakeAtMs(nowMs) ?? Number.POSITIVE_INFINITY;
    return undefined;
  }

  /** SUBACK or UNSUBACK. */
  answered(kind: FilterVerb, filter: string): void {
    if (this.#open.get(filter) === kind) this.#open.delete(filter);
    this.#poison.survived(actOf(kind, filter));
    this.look();
    this.#silent.delete(filter);
  }

  /** No answer in the time for it, and the connection stands. */
  unanswered(kind: FilterVerb, filter: string, nowMs: number): void {
    this.#poison.overdue(actOf(kind, filter));
    if (this.#open.get(filter) === kind) this.#open.delete(filter);
    this.look();
    const pauseMs = Math.min(REPEAT_MS_MAX, (this.#silent.get(filter)?.pauseMs ?? REPEAT_MS / 2) * 2);
    this.#silent.set(filter, { kind, pauseMs, repeatAtMs: nowMs + pauseMs });
  }

  /** When `next` may have something without a new input, monotonic ms. */
  wakeAtMs(nowMs: number): number | undefined {
    const times = [...this.#silent.values()].map(({ repeatAtMs }) => repeatAtMs);
    if (this.#renewals.size > 0) times.push(this.#renewalAtMs);
    const soonest = Math.min(...times.filter((atMs) => atMs > nowMs));
    return Number.isFinite(soonest) ? soonest : undefined;
  }

  /** The connection is over: all is asked again in the next, as far as it is wanted then. */
  clear(): void {
    this.#waiting.clear();
    this.#open.clear();
    this.#silent.clear();
    this.look();
  }

  #take(request: FilterRequest, nowMs: number): FilterRequest {
    const { kind, filter } = request;
    this.#waiting.delete(filter);
    this.#open.set(filter, kind);
    this.#poison.sent(actOf(kind, filter), nowMs);
    return request;
  }

  /** While another request is unanswered, a renewal waits for the answer, which is followed by another look. */
  #renewOne(nowMs: number): void {
    if (nowMs < this.#renewalAtMs || this.#open.size > 0) return;
    const [filter] = this.#renewals;
    if (filter === undefined) return;
    if (!this.#isRenewing) this.#renewedAtMs = nowMs;
    this.#isRenewing = true;
    this.#renewalAtMs = nowMs + RENEW_EACH_MS;
    this.#renewals.delete(filter);
    if (!this.isAsked(filter)) this.ask('subscribe', filter);
  }

  #repeat(nowMs: number): void {
    for (const [filter, { kind, repeatAtMs, pauseMs }] of this.#silent) {
      if (nowMs < repeatAtMs || this.isAsked(filter)) continue;
      this.#waiting.set(filter, kind);
      this.#silent.set(filter, { kind, pauseMs, repeatAtMs: nowMs + pauseMs });
      this.look();
    }
  }
}
