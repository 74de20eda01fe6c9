/**
 * Probes the subdevices of a link in rounds. One probe is active at a time, and probes are spread over the duration of
 * the test, so that the line keeps carrying its traffic. This command and not the gateway sets the pace, so Ctrl-C ends
 * the test at once.
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
  /** Probes per subdevice. */
  readonly rounds: number;
  readonly seconds: number;
}

/** Shortest time between two probes: at 9600 baud a PINGREQ and its PINGRESP take 20 ms. */
const PAUSE_MS_MIN = 50;
/** Longest time between two probes, also in a long test, so that the display shows progress. */
const PAUSE_MS_MAX = 1000;
/** Share of the duration in which probes are sent. The rest of the duration is left for the last answer. */
const PROBING_SHARE = 0.9;

export class Probing {
  readonly #plan: ProbingPlan;
  readonly #tallies: ReadonlyMap<string, ProbeTally>;
  #problem: string | undefined;

  constructor(plan: ProbingPlan) {
    this.#plan = plan;
    this.#tallies = new Map(plan.subdevices.map((subdevice) => [subdevice, new ProbeTally(subdevice)]));
  }

  /** Reason why no subdevice can be probed. `undefined`: probing is possible. */
  get problem(): string | undefined {
    return this.#problem;
  }

  reports(): ProbeReport[] {
    return [...this.#tallies.values()].map((tally) => tally.report());
  }

  /**
   * Sends the probes. Ends when all probes are done, when probing is impossible, or when the signal aborts. An abort
   * drops an active probe.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { rounds, seconds } = this.#plan;
    const shareMs = (seconds * 1000 * PROBING_SHARE) / (rounds * this.#tallies.size);
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
