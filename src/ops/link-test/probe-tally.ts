/** What a number of probes said of the way to one subdevice, summed up. */
import type { ProbeOutcome } from '../../base/probe.ts';

export interface ProbeReport {
  readonly subdevice: string;
  /** Questions on the wire, repetitions included. */
  readonly requests: number;
  readonly answers: number;
  /** Answers that came broken, or to another question; the rest of the requests met silence. */
  readonly damaged: number;
  /** From a question to its answer; `null`: none came. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Why it was not asked, the last time that it was not; `null`: it always was. */
  readonly notAsked: string | null;
  /** What it had no value for when it answered last, and why. */
  readonly refused: readonly string[];
}

export class ProbeTally {
  readonly #subdevice: string;
  #requests = 0;
  #answers = 0;
  #damaged = 0;
  #notAsked: string | null = null;
  #refused: readonly string[] = [];
  /** One per answer: as many as were ordered. */
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
      ...{ subdevice: this.#subdevice, requests: this.#requests, answers: this.#answers, damaged: this.#damaged },
      ...{ p50Ms: quantile(0.5), p99Ms: quantile(0.99), notAsked: this.#notAsked, refused: this.#refused },
    };
  }
}
