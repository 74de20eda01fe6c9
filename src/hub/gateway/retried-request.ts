/**
 * A question to the hub that is repeated until it is answered, at first soon and then now and then: there is no request id,
 * an operation sent with QoS 0 may be dropped without a word, and a subdevice that the hub never heard of has no service.
 */
import type { HubIdentity } from '../../base/hub-identity.ts';

/** Results came in 20 to 120 ms in published traces (hub contract §3.1). */
const RESULT_MS_MAX = 5000;
/** After so many it is no accident: the hub is asked seldom then, and the technician is told. */
const PROMPT_MAX = 5;
/** Until it answers again: some 300 requests a day for whoever is asked about. */
const SELDOM_MS = 5 * 60_000;

export class RetriedRequest {
  #firstAtMs: number | undefined;
  #sentAtMs: number | undefined;
  #attempts = 0;
  #isOver = false;

  /** Asked at least once: an answer may be to this. */
  get isOpen(): boolean {
    return this.#sentAtMs !== undefined;
  }

  /** Since when it has been asked again and again without an answer, monotonic ms; `undefined`: not so far. */
  get unansweredSinceMs(): number | undefined {
    return this.#attempts < PROMPT_MAX || this.#isOver ? undefined : this.#firstAtMs;
  }

  isDue(nowMs: number): boolean {
    return !this.#isOver && nowMs >= (this.wakeAtMs() ?? nowMs);
  }

  sent(nowMs: number): void {
    this.#firstAtMs ??= nowMs;
    this.#sentAtMs = nowMs;
    this.#attempts += 1;
  }

  /** Asking again would bring the same answer. */
  giveUp(): void {
    this.#isOver = true;
  }

  /** When it is due without a new input; `undefined`: never, or now. */
  wakeAtMs(): number | undefined {
    if (this.#sentAtMs === undefined || this.#isOver) return undefined;
    return this.#sentAtMs + (this.#attempts < PROMPT_MAX ? RESULT_MS_MAX : SELDOM_MS);
  }
}

/** Somebody the hub is to be asked about. */
export interface Due {
  readonly identity: HubIdentity;
  readonly ask: RetriedRequest;
}

/** The soonest of those that are due at all. */
export function soonestOf(times: Iterable<number | undefined>): number | undefined {
  let soonest: number | undefined;
  for (const time of times) if (time !== undefined) soonest = Math.min(soonest ?? time, time);
  return soonest;
}
