/** What the gateway turned away at the door because the hub would not take it: conditions for the technician. */
import type { Condition } from '../reports/report.ts';
import { countOf, countWords } from '../words.ts';

export interface RejectedFilters {
  /** Subscriptions: how many filters are wanted and allowed, and for whom there was no room. */
  readonly filters: {
    readonly wanted: number;
    readonly max: number;
    readonly rejected: readonly { readonly subdevice: string; readonly filter: string }[];
  };
}

/** Nothing is lost by us, the subdevice was told: but it will not get through as it is. */
export function rejectedConditions({ filters }: RejectedFilters, forMs: number): Condition[] {
  const conditions: Condition[] = [];
  const [first, ...others] = filters.rejected;
  if (first !== undefined) {
    const more = others.length === 0 ? '' : `, and ${others.length} more`;
    conditions.push({
      code: 'hub-subscriptions-full',
      losing: 'at risk',
      forMs,
      sentence: `${countWords(filters.wanted)} of the ${countOf(filters.max, 'subscription')} that the hub allows are taken: ${first.subdevice} was refused ${first.filter}${more}.`,
      hint: 'Let subdevices subscribe to less, or with wildcards; the bound is subscriptions_max of [hub].',
    });
  }
  return conditions;
}
