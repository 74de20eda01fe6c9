/** Summary of the probes of one subdevice. */
import type { ProbeOutcome } from '../../base/probe.ts';

export interface ProbeReport {
  readonly subdevice: string;
  /** Requests on the wire, repetitions included. */
  readonly requests: number;
  readonly answers: number;
  /** Answers that were broken or belonged to another request; all other requests were not answered. */
  readonly damaged: number;
  /** Time from request to answer, ms; `null`: no answer. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Reason why the last skipped probe was not sent; `null`: all were sent. */
  readonly notAsked: string | null;
  /** Points without a value in the last answer, with the reason. */
  readonly refused: readonly string[];
}

export class ProbeTally {
  readonly #subdevice: string;
  #requests = 0;
  #answers = 0;
  #damaged = 0;
  #notAsked: string | null = null;
  #refused: readonly string[] = [];
  /** Trip times, one per answer, so at most one per probe. */
  readonly #tripsMs: number[] = [];

  constructor(subdevice: string) {
    this.#subdevice = subdevice;
  }

  add(outcome: ProbeOutcome): void {
    if (outcome.kind === 'not asked') {
      this.#notAsked = outcome.why;
      return;
    }
    this.#requests += outcome.requests;
    if (outcome.tripMs !== undefined) this.#refused = outcome.refused ?? [];
    this.#answers += outcome.answers;
    this.#damaged += outcome.damaged;
    if (outcome.tripMs !== undefined) this.#tripsMs.push(outcome.tripMs);
  }

  report(): ProbeReport {
    const sorted = this.#tripsMs.toSorted((one, other) => one - other);
    const quantile = (share: number): number | null => sorted[Math.ceil(share * sorted.length) - 1] ?? null;
    return {
      subdevice: this.#subdevice,
      requests: this.#requests,
      answers: this.#answers,
      damaged: this.#damaged,
      p50Ms: quantile(0.5),
      p99Ms: quantile(0.99),
      notAsked: this.#notAsked,
      refused: this.#refused,
    };
  }
}
