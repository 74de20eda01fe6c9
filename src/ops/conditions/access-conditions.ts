/** Conditions of the ways to the gateway that do not work: web page, metrics on TCP, control sockets. Pure. */
import type { AccessTrouble } from '../access-troubles.ts';
import type { Condition } from '../reports/report.ts';

export interface AccessHealth {
  readonly nowMs: number;
  readonly accessTroubles: readonly AccessTrouble[];
}

export function accessConditions({ nowMs, accessTroubles }: AccessHealth): Condition[] {
  return accessTroubles.map(({ code, sentence, hint, sinceMs }) => ({
    code,
    losing: 'no',
    forMs: nowMs - sinceMs,
    sentence,
    hint,
  }));
}
