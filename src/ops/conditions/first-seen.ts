/**
 * Durations of conditions that are computed from present values alone, so that nothing knows when they began. Such a
 * condition states the time since the start of the process, and this file replaces that time by the time since the
 * condition was first seen: a minute after a dead letter the condition does not say that it lasts for days.
 */
import type { Condition } from '../reports/report.ts';
import type { ConditionCode } from './catalogue.ts';

/** Conditions that may begin at any time and do not know when. */
export const UNDATED: ReadonlySet<ConditionCode> = new Set([
  'outbox-full',
  'outbox-filling',
  'message-set-aside',
  'dead-letters',
  'ledger-unbalanced',
  'subdevice-not-configured',
  'subdevice-removed',
  'hub-subscriptions-full',
  'clock-untrusted',
  'clock-overruled',
  'damaged-rows',
  'firmware-failed',
  'firmware-unstored',
]);

export class FirstSeen {
  /** Code → monotonic ms. */
  readonly #sinceMs = new Map<string, number>();

  /** Takes the present conditions. @param uptimeMs time since the start of the process */
  date(conditions: readonly Condition[], nowMs: number, uptimeMs: number): Condition[] {
    const codes = new Set<string>(conditions.map(({ code }) => code));
    for (const code of this.#sinceMs.keys()) if (!codes.has(code)) this.#sinceMs.delete(code);
    return conditions.map((condition) => {
      const { code, forMs } = condition;
      if (!UNDATED.has(code) || forMs !== uptimeMs) return condition;
      const sinceMs = this.#sinceMs.get(code) ?? nowMs;
      this.#sinceMs.set(code, sinceMs);
      return { ...condition, forMs: nowMs - sinceMs };
    });
  }
}
