/** Condition for subscriptions that the gateway rejected because the hub allows no more of them. */
import type { Condition } from '../reports/report.ts';
import { countOf, countWords } from '../words.ts';

export interface RejectedFilters {
  /** Number of filters wanted and allowed, and the rejected ones. */
  readonly filters: {
    readonly wanted: number;
    readonly max: number;
    readonly rejected: readonly { readonly subdevice: string; readonly filter: string }[];
  };
}

/**
 * Returns the condition. The subdevices got a rejecting SUBACK: no message is lost, but their downlinks do not arrive.
 */
export function rejectedConditions({ filters }: RejectedFilters, forMs: number): Condition[] {
  const conditions: Condition[] = [];
  const [first, ...others] = filters.rejected;
  if (first !== undefined) {
    const more = others.length === 0 ? '' : `, and ${others.length} more`;
    conditions.push({
      code: 'hub-subscriptions-full',
      losing: 'at risk',
      forMs,
      sentence: `${countWords(filters.wanted)} of ${countOf(filters.max, 'subscription')} that the hub allows are in use: ${first.filter} of ${first.subdevice} was rejected${more}.`,
      hint: 'Let subdevices subscribe to fewer filters, or use wildcards. The bound is subscriptions_max of [hub].',
    });
  }
  return conditions;
}
