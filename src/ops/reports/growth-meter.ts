/**
 * Growth of the outbox over the last ten minutes, since the last change of the hub connection: a rate from before an
 * outage says nothing about the outage.
 */
import type { Growth } from './outlook.ts';

const SPAN_MS = 600_000;
/** Time between two samples that are kept. */
const STEP_MS = 10_000;

interface Level {
  readonly messages: number;
  readonly bytes: number;
}

export class GrowthMeter {
  #samples: (Level & { readonly atMs: number })[] = [];

  /** Forgets the samples, because the present growth has another cause. */
  restart(): void {
    this.#samples = [];
  }

  sample(level: Level, nowMs: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && nowMs - last.atMs < STEP_MS) return;
    this.#samples.push({ ...level, atMs: nowMs });
    while ((this.#samples[0]?.atMs ?? nowMs) < nowMs - SPAN_MS) this.#samples.shift();
  }

  /** `undefined`: there is no sample before now. */
  growth({ messages, bytes }: Level, nowMs: number): Growth | undefined {
    const [first] = this.#samples;
    if (first === undefined || nowMs <= first.atMs) return undefined;
    const seconds = (nowMs - first.atMs) / 1000;
    return {
      messagesPerS: (messages - first.messages) / seconds,
      bytesPerS: (bytes - first.bytes) / seconds,
      measuredMs: nowMs - first.atMs,
    };
  }
}
