/**
 * Asks everybody on a link, one after the other, a number of times, at a pace that leaves the line to its traffic: one
 * question at a time, spread over the time there is. The gateway has no part in the pace, so Ctrl-C ends it at once.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '../base/fault.ts';
import type { ProbeOutcome } from '../base/probe.ts';
import { give } from '../ops/api/control-client.ts';
import { type ProbeReport, ProbeTally } from '../ops/link-test/probe-tally.ts';

export interface ProbingPlan {
  readonly controlSocket: string;
  readonly link: string;
  readonly subdevices: readonly string[];
  /** How often each is asked. */
  readonly rounds: number;
  readonly seconds: number;
}

/** Between two questions: at 9600 baud a PINGREQ and its PINGRESP take 20 ms. */
const PAUSE_MS_MIN = 50;
/** However long the test is: whoever waits wants to see something. */
const PAUSE_MS_MAX = 1000;
/** Of the time there is: the last answer has the rest. */
const ASKING_SHARE = 0.9;

export class Probing {
  readonly #plan: ProbingPlan;
  readonly #tallies: ReadonlyMap<string, ProbeTally>;
  #problem: string | undefined;

  constructor(plan: ProbingPlan) {
    this.#plan = plan;
    this.#tallies = new Map(plan.subdevices.map((subdevice) => [subdevice, new ProbeTally(subdevice)]));
  }

  /** Why nobody can be asked; `undefined`: there is no reason. */
  get problem(): string | undefined {
    return this.#problem;
  }

  reports(): ProbeReport[] {
    return [...this.#tallies.values()].map((tally) => tally.report());
  }

  /** Until everybody was asked, or nobody can be, or the signal aborts: then a question under way is forgotten. */
  async run(signal: AbortSignal): Promise<void> {
    const { rounds, seconds } = this.#plan;
    const shareMs = (seconds * 1000 * ASKING_SHARE) / (rounds * this.#tallies.size);
    const pauseMs = Math.min(PAUSE_MS_MAX, Math.max(PAUSE_MS_MIN, shareMs));
    try {
      for (let round = 0; round < rounds; round += 1) {
        for (const [subdevice, tally] of this.#tallies) {
          if (signal.aborted) return;
          const asking = this.#ask(subdevice).then((outcome) => tally.add(outcome));
          await Promise.all([asking, pause(pauseMs, undefined, { signal })]);
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Fault)) throw error;
      this.#problem = `${error.message}. ${error.hint}`;
    }
  }

  async #ask(subdevice: string): Promise<ProbeOutcome> {
    const { controlSocket, link } = this.#plan;
    return (await give(controlSocket, 'link.probe', { link, subdevice })) as ProbeOutcome;
  }
}
