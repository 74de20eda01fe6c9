/**
 * Uplinks whose topic has a fallback, because a field of the template had no usable value in the message
 * (`subdevices/field-topics.ts`). They are in custody like all others: nothing is lost, but receivers of the value's topic
 * do not get them. The count is kept since the start.
 */
import type { Facts } from '../base/events.ts';

/** Uplinks with a fallback, one after the other. */
export interface FallbackRun {
  /** Number of messages since `firstAtMs`. */
  readonly recent: number;
  /** Monotonic ms. */
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  /** Topic of the last message, and the reason. */
  readonly topic: string;
  readonly why: string;
}

/** Time after the last fallback for which the condition lasts, as for discarded messages. */
export const FALLBACK_LASTS_MS = 10 * 60_000;

export class TopicFallbacks {
  readonly #facts: Facts;
  #count = 0;
  #last: FallbackRun | undefined;

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  /** Number of uplinks with a fallback since the start. */
  get count(): number {
    return this.#count;
  }

  /** `undefined`: none since the start. */
  get last(): FallbackRun | undefined {
    return this.#last;
  }

  /** Notes an accepted uplink. An event is emitted for the first of a run only: a device may send many. */
  note(subdevice: string, topic: string, why: string, nowMs: number): void {
    this.#count += 1;
    const last = this.#last;
    const isNew = last === undefined || nowMs - last.lastAtMs >= FALLBACK_LASTS_MS;
    const { recent, firstAtMs } = isNew ? { recent: 0, firstAtMs: nowMs } : last;
    this.#last = { recent: recent + 1, firstAtMs, lastAtMs: nowMs, topic, why };
    if (isNew) this.#facts.emit('topicFallback', { subdevice, topic, reason: why });
  }
}
