/**
 * Decorrelated-jitter back-off: the next pause is drawn between the floor and three times the last pause, capped. After
 * an outage of a whole fleet, such pauses spread the reconnects better than doubled pauses do. A pause is never shorter
 * than the floor.
 */

export interface BackoffLimits {
  readonly floorMs: number;
  readonly ceilingMs: number;
}

export class Backoff {
  private readonly limits: BackoffLimits;
  private readonly random: () => number;
  private lastMs: number;

  /** @param random uniform in [0, 1) */
  constructor(limits: BackoffLimits, random: () => number) {
    this.limits = limits;
    this.random = random;
    this.lastMs = limits.floorMs;
  }

  /**
   * Returns the pause before the next attempt, in ms: floor ≤ pause ≤ ceiling. If the floor is above the ceiling, the
   * pause is the floor.
   */
  next(): number {
    const { floorMs, ceilingMs } = this.limits;
    const widestMs = Math.max(floorMs, this.lastMs * 3);
    this.lastMs = Math.max(floorMs, Math.min(ceilingMs, floorMs + this.random() * (widestMs - floorMs)));
    return this.lastMs;
  }

  /** Restarts at the floor. Called after a success that lasted. */
  reset(): void {
    this.lastMs = this.limits.floorMs;
  }
}
