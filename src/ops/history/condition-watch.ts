/** Detects when a condition begins and ends, by code, and reports both as facts. */
import type { Facts } from '../../base/events.ts';
import type { Clock } from '../../ports.ts';
import type { Condition } from '../reports/report.ts';

export class ConditionWatch {
  readonly #facts: Facts;
  readonly #clock: Clock;
  /** Code → monotonic ms at which the condition began. */
  readonly #present = new Map<string, number>();

  constructor(facts: Facts, clock: Clock) {
    this.#facts = facts;
    this.#clock = clock;
  }

  /** Takes the present conditions. */
  look(conditions: readonly Condition[]): void {
    const nowMs = this.#clock.nowMs();
    const codes = new Set<string>(conditions.map(({ code }) => code));
    for (const [code, sinceMs] of this.#present) {
      if (codes.has(code)) continue;
      this.#present.delete(code);
      this.#facts.emit('conditionCleared', { code, forMs: nowMs - sinceMs });
    }
    for (const { code, losing, forMs, sentence } of conditions) {
      if (this.#present.has(code)) continue;
      this.#present.set(code, nowMs - Math.max(0, forMs));
      this.#facts.emit('conditionRaised', { code, effect: losing, sentence });
    }
  }
}
