/**
 * Request to the hub that is repeated until it is answered, first at short and then at long intervals. Requests have no
 * id, the hub may drop an operation with QoS 0 without an answer, and a subdevice that was never announced has no
 * service.
 */
import type { HubIdentity } from '../../base/hub-identity.ts';

/** Time after which a request is repeated. Results came in 20 to 120 ms in published traces of the hub. */
const RESULT_MS_MAX = 5000;
/** Number of requests at the short interval. After that the technician is informed. */
const PROMPT_MAX = 5;
/** Long interval: about 300 requests a day per subdevice. */
const SELDOM_MS = 5 * 60_000;

export class RetriedRequest {
  #firstAtMs: number | undefined;
  #sentAtMs: number | undefined;
  #attempts = 0;
  #isOver = false;

  /** True if the request was sent at least once, so an answer may belong to it. */
  get isOpen(): boolean {
    return this.#sentAtMs !== undefined;
  }

  /** Number of requests sent. */
  get attempts(): number {
    return this.#attempts;
  }

  /** True if the request is not repeated any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Time of the first request if `PROMPT_MAX` requests are unanswered, monotonic ms. `undefined` otherwise. */
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

  /** Stops repeating, because another request would get the same answer. */
  giveUp(): void {
    this.#isOver = true;
  }

  /** Time of the next repetition, monotonic ms. `undefined`: never, or now. */
  wakeAtMs(): number | undefined {
    if (this.#sentAtMs === undefined || this.#isOver) return undefined;
    return this.#sentAtMs + (this.#attempts < PROMPT_MAX ? RESULT_MS_MAX : SELDOM_MS);
  }
}

/** Subdevice with a due request. */
export interface Due {
  readonly identity: HubIdentity;
  readonly request: RetriedRequest;
}

/** Returns the earliest of the defined times. */
export function soonestOf(times: Iterable<number | undefined>): number | undefined {
  let soonest: number | undefined;
  for (const time of times) if (time !== undefined) soonest = Math.min(soonest ?? time, time);
  return soonest;
}
