/**
 * A question to the hub that is repeated until it is answered, a bounded number of times: there is no request id, and an
 * operation sent with QoS 0 may be dropped without a word.
 */
import type { HubIdentity } from './identity.ts';

/** Results came in 20 to 120 ms in published traces (hub contract §3.1). */
const RESULT_MS_MAX = 5000;
/** After so many the hub is asked again only at the next connection. */
const ATTEMPTS_MAX = 5;

export class Ask {
  #sentAtMs: number | undefined;
  #attempts = 0;

  /** Asked at least once: an answer may be to this. */
  get isOpen(): boolean {
    return this.#sentAtMs !== undefined;
  }

  isDue(nowMs: number): boolean {
    if (this.#attempts >= ATTEMPTS_MAX) return false;
    return this.#sentAtMs === undefined || nowMs >= this.#sentAtMs + RESULT_MS_MAX;
  }

  sent(nowMs: number): void {
    this.#sentAtMs = nowMs;
    this.#attempts += 1;
  }

  /** Asking again would bring the same answer. */
  giveUp(): void {
    this.#attempts = ATTEMPTS_MAX;
  }

  /** When it is due without a new input; `undefined`: never, or now. */
  wakeAtMs(): number | undefined {
    if (this.#sentAtMs === undefined || this.#attempts >= ATTEMPTS_MAX) return undefined;
    return this.#sentAtMs + RESULT_MS_MAX;
  }
}

/** Somebody the hub is to be asked about. */
export interface Due {
  readonly identity: HubIdentity;
  readonly ask: Ask;
}

/** The soonest of those that are due at all. */
export function soonestOf(times: Iterable<number | undefined>): number | undefined {
  let soonest: number | undefined;
  for (const time of times) if (time !== undefined) soonest = Math.min(soonest ?? time, time);
  return soonest;
}
