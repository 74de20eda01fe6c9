/** Condition of uplinks whose topic has a fallback in the place of a field. Pure. */
import { FALLBACK_LASTS_MS, type FallbackRun } from '../../flow/topic-fallbacks.ts';
import type { Condition } from '../reports/report.ts';
import { countOf } from '../words.ts';

export interface FallbackHealth {
  readonly nowMs: number;
  readonly fallbacks: FallbackRun | undefined;
}

export function fallbackConditions({ fallbacks, nowMs }: FallbackHealth): Condition[] {
  if (fallbacks === undefined || nowMs - fallbacks.lastAtMs >= FALLBACK_LASTS_MS) return [];
  const { recent, firstAtMs, topic, why } = fallbacks;
  return [
    {
      code: 'topic-fallbacks',
      losing: 'no',
      forMs: nowMs - firstAtMs,
      sentence: `${countOf(recent, 'uplink')} got a fallback in the topic, last ${topic}. ${why}.`,
      hint: 'Correct the payload at the subdevice or the name of the field, or let a receiver subscribe to the topics with the fallback.',
    },
  ];
}
