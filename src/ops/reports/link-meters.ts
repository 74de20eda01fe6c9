/** Rates of the links over 5, 30 and 60 s. Counters are read once a second and kept for a minute. */

import { looking } from '../../base/events.ts';
import type { LinkCounters } from '../../base/link-counters.ts';
import type { GatewayView } from '../gateway-view.ts';
import { brokenFrames, type LinkRate } from './link-report.ts';

const SAMPLE_MS = 1000;
const SPANS_S = [5, 30, 60] as const;
/** Largest number of samples: those of one minute and of its beginning. */
const SAMPLES_MAX = 61;

export interface MeterSample {
  readonly atMs: number;
  readonly counters: LinkCounters;
}

export class LinkMeters {
  readonly #gateway: GatewayView;
  /** Samples by link, the oldest first. */
  readonly #samples = new Map<string, MeterSample[]>();

  constructor(gateway: GatewayView) {
    this.#gateway = gateway;
    this.#sample();
  }

  rates(link: string, counters: LinkCounters): LinkRate[] {
    return ratesOf(this.#samples.get(link) ?? [], { atMs: this.#gateway.clock.nowMs(), counters });
  }

  #sample(): void {
    const { links, clock, facts } = this.#gateway;
    const atMs = clock.nowMs();
    for (const { plan } of links.states()) {
      const samples = this.#samples.get(plan.name) ?? [];
      samples.push({ atMs, counters: plan.machine.counters });
      if (samples.length > SAMPLES_MAX) samples.shift();
      this.#samples.set(plan.name, samples);
    }
    clock.wakeAt(
      atMs + SAMPLE_MS,
      looking(facts, 'samples of links', () => this.#sample()),
    );
  }
}

/** @param samples the oldest first */
export function ratesOf(samples: readonly MeterSample[], now: MeterSample): LinkRate[] {
  return SPANS_S.map((overS) => {
    const then = samples.find(({ atMs }) => now.atMs - atMs <= overS * 1000) ?? now;
    const seconds = (now.atMs - then.atMs) / 1000;
    const perS = (count: (counters: LinkCounters) => number): number =>
      seconds === 0 ? 0 : (count(now.counters) - count(then.counters)) / seconds;
    return {
      overS,
      bytesIn: perS((counters) => counters.bytesIn),
      bytesOut: perS((counters) => counters.bytesOut),
      framesIn: perS((counters) => counters.framesIn),
      framesOut: perS((counters) => counters.framesOut),
      broken: perS(brokenFrames),
    };
  });
}
