/**
 * SUBSCRIBE and UNSUBSCRIBE on their way to the hub, a few at a time: the flow's part of what `hub/requests.ts` sends. The
 * poison detector says when each may go, so a filter on which the hub closes the connection holds nothing up.
 *
 * A hub that does not answer one is asked again later in the same connection: leaving it would stop the uplinks.
 */
import { actOf } from '../outbox/act.ts';
import type { PoisonDetector } from '../outbox/poison-detector.ts';

/** Unanswered at a time: gentle on a hub that limits its clients. */
const OPEN_MAX = 8;
/** After this time a request without an answer is repeated; doubled each time. */
const REPEAT_MS = 5 * 60_000;
const REPEAT_MS_MAX = 60 * 60_000;

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
    this.look();
  }

  /** Something was released: what waits may go. */
  look(): void {
    this.#lookAtMs = 0;
  }

  /** The next one that may go now. Those under suspicion come last. */
  next(nowMs: number): FilterRequest | undefined {
    this.#repeat(nowMs);
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
    this.#close(kind, filter);
    this.#silent.delete(filter);
  }

  /** No answer in the time for it, and the connection stands. */
  unanswered(kind: FilterVerb, filter: string, nowMs: number): void {
    this.#close(kind, filter);
    const pauseMs = Math.min(REPEAT_MS_MAX, (this.#silent.get(filter)?.pauseMs ?? REPEAT_MS / 2) * 2);
    this.#silent.set(filter, { kind, pauseMs, repeatAtMs: nowMs + pauseMs });
  }

  /** When `next` may have something without a new input, monotonic ms. */
  wakeAtMs(nowMs: number): number | undefined {
    const times = [...this.#silent.values()].map(({ repeatAtMs }) => repeatAtMs);
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

  #close(kind: FilterVerb, filter: string): void {
    if (this.#open.get(filter) === kind) this.#open.delete(filter);
    this.#poison.survived(actOf(kind, filter));
    this.look();
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
