/**
 * SUBSCRIBE and UNSUBSCRIBE requests for the hub, a few at a time. `hub/client/filter-answers.ts` sends them. The
 * poison detector decides when each request may be sent, so a filter on which the hub closes the connection does not
 * block others.
 *
 * An unanswered request is repeated later in the same connection, since closing the connection would stop the uplinks.
 * A rejected SUBSCRIBE is repeated too: the hub rejects the filters of a subdevice that is not yet online, and a
 * permission may be given later.
 *
 * A hub with SessionPresent=1 may have lost the subscriptions without any sign. So each wanted filter is sent again,
 * slowly and one at a time. A SUBSCRIBE for an existing subscription replaces it [MQTT-3.8.4-3].
 */
import { actOf } from '../outbox/hub-packet.ts';
import type { PoisonDetector } from '../outbox/poison-detector.ts';

/** Largest number of unanswered requests. A small number suits hubs that limit the rate of their clients. */
const OPEN_MAX = 8;
/** Time after which an unanswered request is repeated. Doubled each time. */
const REPEAT_MS = 5 * 60_000;
const REPEAT_MS_MAX = 60 * 60_000;
/** Time after which a rejected SUBSCRIBE is repeated. Doubled each time, to the same maximum. */
const REFUSED_MS = 5000;
/** Duration of a connection before its filters are renewed, so that an unstable connection costs no SUBSCRIBE. */
const RENEW_AFTER_MS = 5000;
/** Pause between two SUBSCRIBEs of a renewal. */
const RENEW_EACH_MS = 250;
/** Shortest time from the start of one renewal to the start of the next. */
const RENEW_PAUSE_MS = 60_000;

export type FilterVerb = 'subscribe' | 'unsubscribe';

export interface FilterRequest {
  readonly kind: FilterVerb;
  readonly filter: string;
  readonly isSuspect: boolean;
}

/** Request that the hub has not answered or has rejected in this connection, and that is sent again. */
interface Repetition {
  readonly kind: FilterVerb;
  readonly cause: 'unanswered' | 'refused';
  readonly pauseMs: number;
  readonly repeatAtMs: number;
}

interface RepetitionTimes {
  /** Pause before the first repetition. */
  readonly firstMs: number;
  readonly nowMs: number;
}

export class FilterRequests {
  readonly #poison: PoisonDetector;
  /** Filter → request to send. A later request replaces an earlier one. */
  readonly #waiting = new Map<string, FilterVerb>();
  readonly #open = new Map<string, FilterVerb>();
  readonly #repetitions = new Map<string, Repetition>();
  /**
   * Granted filters to send again. A lost connection does not clear them: the remaining filters are sent first in the
   * next renewal.
   */
  #renewals = new Set<string>();
  #renewalAtMs = 0;
  /** Start of the last renewal. */
  #renewedAtMs = Number.NEGATIVE_INFINITY;
  #isRenewing = false;
  /** No waiting request can be sent before this time, unless an input comes. */
  #lookAtMs = 0;

  constructor(poison: PoisonDetector) {
    this.#poison = poison;
  }

  /** Filters whose request the hub has not answered. */
  get silent(): ReadonlyMap<string, { readonly kind: FilterVerb }> {
    return new Map([...this.#repetitions].filter(([, { cause }]) => cause === 'unanswered'));
  }

  isSilent(filter: string): boolean {
    return this.#repetitions.get(filter)?.cause === 'unanswered';
  }

  /** Number of requests that the hub has not answered in this connection. */
  get underWay(): number {
    return this.#open.size;
  }

  isAsked(filter: string): boolean {
    return this.#open.has(filter) || this.#waiting.has(filter);
  }

  ask(kind: FilterVerb, filter: string): void {
    const other = kind === 'subscribe' ? 'unsubscribe' : 'subscribe';
    this.#poison.forget(actOf(other, filter).key);
    this.#repetitions.delete(filter);
    this.#waiting.delete(filter);
    this.#waiting.set(filter, kind);
    this.#renewals.delete(filter);
    this.look();
  }

  /** Schedules filters granted in an earlier connection to be sent again, once this connection has lasted. */
  renew(granted: Iterable<string>, nowMs: number): void {
    const filters = new Set(granted);
    const left = [...this.#renewals].filter((filter) => filters.has(filter));
    this.#renewals = new Set([...left, ...filters]);
    this.#renewalAtMs = Math.max(nowMs + RENEW_AFTER_MS, this.#renewedAtMs + RENEW_PAUSE_MS);
    this.#isRenewing = false;
  }

  /** Called when a request was released: waiting requests may be sent. */
  look(): void {
    this.#lookAtMs = 0;
  }

  /** Returns the next request that may be sent now. Suspected ones come last. */
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

  /** Handles SUBACK or UNSUBACK. */
  answered(kind: FilterVerb, filter: string): void {
    this.#settle(kind, filter);
    this.#repetitions.delete(filter);
  }

  /** Handles a SUBACK that rejects the filter. */
  refused(filter: string, nowMs: number): void {
    this.#settle('subscribe', filter);
    this.#repeatLater('subscribe', filter, { cause: 'refused', firstMs: REFUSED_MS, nowMs });
  }

  /** Called when an answer is overdue and the connection continues. */
  unanswered(kind: FilterVerb, filter: string, nowMs: number): void {
    this.#poison.overdue(actOf(kind, filter));
    if (this.#open.get(filter) === kind) this.#open.delete(filter);
    this.look();
    this.#repeatLater(kind, filter, { cause: 'unanswered', firstMs: REPEAT_MS, nowMs });
  }

  /** Time at which `next` may have a request without a new input, monotonic ms. */
  wakeAtMs(nowMs: number): number | undefined {
    const times = [...this.#repetitions.values()].map(({ repeatAtMs }) => repeatAtMs);
    if (this.#renewals.size > 0) times.push(this.#renewalAtMs);
    const soonest = Math.min(...times.filter((atMs) => atMs > nowMs));
    return Number.isFinite(soonest) ? soonest : undefined;
  }

  /** Called when the connection has ended. Wanted filters are requested again in the next one. */
  clear(): void {
    this.#waiting.clear();
    this.#open.clear();
    this.#repetitions.clear();
    this.look();
  }

  #settle(kind: FilterVerb, filter: string): void {
    if (this.#open.get(filter) === kind) this.#open.delete(filter);
    this.#poison.confirmed(actOf(kind, filter));
    this.look();
  }

  #repeatLater(kind: FilterVerb, filter: string, when: Pick<Repetition, 'cause'> & RepetitionTimes): void {
    const { cause, firstMs, nowMs } = when;
    const earlier = this.#repetitions.get(filter);
    const pauseMs = earlier?.cause === cause ? Math.min(REPEAT_MS_MAX, earlier.pauseMs * 2) : firstMs;
    this.#repetitions.set(filter, { kind, cause, pauseMs, repeatAtMs: nowMs + pauseMs });
  }

  #take(request: FilterRequest, nowMs: number): FilterRequest {
    const { kind, filter } = request;
    this.#waiting.delete(filter);
    this.#open.set(filter, kind);
    this.#poison.sent(actOf(kind, filter), nowMs);
    return request;
  }

  /** Sends the next renewal, unless another request is unanswered. Its answer causes another look. */
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
    for (const [filter, repetition] of this.#repetitions) {
      if (nowMs < repetition.repeatAtMs || this.isAsked(filter)) continue;
      this.#waiting.set(filter, repetition.kind);
      this.#repetitions.set(filter, { ...repetition, repeatAtMs: nowMs + repetition.pauseMs });
      this.look();
    }
  }
}
