/**
 * Requests to devices that speak only when asked: which one is on the line, and which devices do not answer.
 *
 *     idle ─next─▶ asked ─answered─▶ idle
 *                    └─answer time is over, read-out failed─▶ resting ─▶ idle
 *
 * Invariants: at most one request is unanswered. After a request without an answer, nothing is sent for as long again:
 * an answer that comes in this time is late and is no answer to the next request. The request that has waited longest
 * goes first, so a silent device does not keep others from their turn.
 */
import type { Template } from '../../base/template.ts';
import type { LinePattern } from './line-pattern.ts';
import type { ReadoutPlan } from './readout.ts';

export interface AskPlan {
  readonly name: string;
  readonly subdevice: string;
  readonly bytes: Uint8Array;
  readonly everyMs: number;
  /** Pattern that the answer must match. `undefined`: any. */
  readonly answer: LinePattern | undefined;
  readonly topic: Template;
  /** Terms of a read-out, of which the request is the first step. `undefined`: the answer ends the request. */
  readonly readout: ReadoutPlan | undefined;
}

export interface AskTerms {
  readonly asks: readonly AskPlan[];
  /** Longest time until an answer, ms. */
  readonly retryMs: number;
  /** Number of repetitions before a device counts as gone. */
  readonly retriesMax: number;
}

interface Turn {
  readonly plan: AskPlan;
  dueAtMs: number;
  /** Number of requests in a row without an answer. */
  misses: number;
  /** Time of the first of them. */
  missedFromMs: number;
}

type Phase =
  | { readonly kind: 'idle' }
  /** `untilMs`: end of the time for the answer; `undefined`: a read-out, which ends by itself. */
  | { readonly kind: 'asked'; readonly turn: Turn; readonly sentAtMs: number; readonly untilMs: number | undefined }
  | { readonly kind: 'resting'; readonly untilMs: number };

/** Outcome of a request. */
export interface AskOutcome {
  readonly plan: AskPlan;
  /** Time from the request to its answer. `undefined`: no answer came in time. */
  readonly tripMs: number | undefined;
  /** All repetitions were unanswered too. */
  readonly isGivenUp: boolean;
  /** The subdevice has answered no request since then. */
  readonly isGone: boolean;
}

const IDLE: Phase = { kind: 'idle' };
/**
 * Pauses between requests to a device that does not answer, ms. A device is found soon after it is switched on, at low
 * cost.
 */
const PAUSE_FLOOR_MS = 1000;
const PAUSE_CEILING_MS = 30_000;

export class LineAsks {
  private readonly terms: AskTerms;
  private readonly turns: readonly Turn[];
  /** Subdevice → time of its last answer. */
  private answeredAtMs = new Map<string, number>();
  private phase = IDLE;

  constructor(terms: AskTerms) {
    this.terms = terms;
    this.turns = terms.asks.map((plan) => ({ plan, dueAtMs: 0, misses: 0, missedFromMs: 0 }));
  }

  /** True if lines are answers to requests. */
  get isPolled(): boolean {
    return this.turns.length > 0;
  }

  /** True if the line is free for other writing. */
  get isIdle(): boolean {
    return this.phase.kind === 'idle';
  }

  /** Request that waits for its answer. */
  get current(): AskPlan | undefined {
    return this.phase.kind === 'asked' ? this.phase.turn.plan : undefined;
  }

  /** All requests are due. An answer to a request of an earlier opening may still come. */
  opened(nowMs: number): void {
    for (const turn of this.turns) {
      turn.dueAtMs = nowMs;
      turn.misses = 0;
    }
    if (this.isPolled) this.phase = { kind: 'resting', untilMs: nowMs + this.terms.retryMs };
  }

  closed(): void {
    this.phase = IDLE;
    this.answeredAtMs.clear();
    for (const turn of this.turns) turn.misses = 0;
  }

  /** Puts a request on the line. @param wanted subdevice that is asked out of turn */
  next(nowMs: number, wanted: string | undefined): AskPlan | undefined {
    if (this.phase.kind !== 'idle') return undefined;
    const turn = this.firstOf(wanted) ?? this.dueTurn(nowMs);
    if (turn === undefined) return undefined;
    const untilMs = turn.plan.readout === undefined ? nowMs + this.terms.retryMs : undefined;
    this.phase = { kind: 'asked', turn, sentAtMs: nowMs, untilMs };
    return turn.plan;
  }

  answered(nowMs: number): AskOutcome | undefined {
    if (this.phase.kind !== 'asked') return undefined;
    const { turn, sentAtMs } = this.phase;
    const { plan } = turn;
    turn.misses = 0;
    // a line that is too busy for all periods asks in turn, and catches up on nothing
    turn.dueAtMs = Math.max(turn.dueAtMs + plan.everyMs, nowMs);
    this.answeredAtMs.set(plan.subdevice, nowMs);
    this.phase = IDLE;
    return { plan, tripMs: nowMs - sentAtMs, isGivenUp: false, isGone: false };
  }

  /** Ends a time that is over. @returns the request that got no answer in time, if any */
  wake(nowMs: number): AskOutcome | undefined {
    const { phase } = this;
    if (phase.kind === 'idle' || phase.untilMs === undefined || nowMs < phase.untilMs) return undefined;
    if (phase.kind === 'asked') return this.missed(nowMs);
    this.phase = IDLE;
    return undefined;
  }

  /** Ends the request on the line without an answer. */
  missed(nowMs: number): AskOutcome | undefined {
    if (this.phase.kind !== 'asked') return undefined;
    const { retryMs, retriesMax } = this.terms;
    const { turn, sentAtMs } = this.phase;
    this.phase = { kind: 'resting', untilMs: nowMs + retryMs };
    if (turn.misses === 0) turn.missedFromMs = sentAtMs;
    turn.misses += 1;
    const extra = turn.misses - retriesMax - 1;
    turn.dueAtMs = extra < 0 ? nowMs : nowMs + pauseMs(extra);
    const isGivenUp = extra >= 0;
    const isGone = isGivenUp && !this.hasAnswered(turn);
    return { plan: turn.plan, tripMs: undefined, isGivenUp, isGone };
  }

  /** Time of the next `wake`, or of the next request. @param isBlocked no request can be sent now */
  wakeAtMs(isBlocked: boolean): number | undefined {
    if (this.phase.kind !== 'idle') return this.phase.untilMs;
    return isBlocked || !this.isPolled ? undefined : Math.min(...this.turns.map(({ dueAtMs }) => dueAtMs));
  }

  /** Subdevices that do not answer now, with the time of their first unanswered request. */
  unanswered(): Map<string, number> {
    const silent = new Map<string, number>();
    for (const turn of this.turns) {
      const { subdevice } = turn.plan;
      if (turn.misses === 0 || this.hasAnswered(turn)) continue;
      silent.set(subdevice, Math.min(turn.missedFromMs, silent.get(subdevice) ?? turn.missedFromMs));
    }
    return silent;
  }

  /** True if the subdevice has answered another request since the first that this turn missed. */
  private hasAnswered({ plan, missedFromMs }: Turn): boolean {
    return (this.answeredAtMs.get(plan.subdevice) ?? Number.NEGATIVE_INFINITY) > missedFromMs;
  }

  private firstOf(subdevice: string | undefined): Turn | undefined {
    return subdevice === undefined ? undefined : this.turns.find(({ plan }) => plan.subdevice === subdevice);
  }

  private dueTurn(nowMs: number): Turn | undefined {
    const [first, ...others] = this.turns;
    if (first === undefined) return undefined;
    const earliest = others.reduce((best, one) => (one.dueAtMs < best.dueAtMs ? one : best), first);
    return earliest.dueAtMs <= nowMs ? earliest : undefined;
  }
}

/** @param extra number of misses beyond the repetitions */
function pauseMs(extra: number): number {
  return Math.min(PAUSE_CEILING_MS, PAUSE_FLOOR_MS * 2 ** Math.min(extra, 8));
}
