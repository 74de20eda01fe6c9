/** Conditions of limits that an operator has set for the backlog. Pure. */
import type { BacklogState, LimitInForce } from '../../flow/backlog-control.ts';
import type { Condition } from '../reports/report.ts';
import { countOf, countWords, durationWords } from '../words.ts';

export function backlogConditions({
  backlog: { pause, rate },
  outbox,
}: {
  readonly backlog: BacklogState;
  readonly outbox: { readonly messages: number };
}): Condition[] {
  const conditions: Condition[] = [];
  const waiting = `${countOf(outbox.messages, 'message')} in the outbox`;
  if (pause !== null)
    conditions.push({
      code: 'backlog-paused',
      losing: 'no',
      forMs: pause.sinceMs,
      sentence: `An operator has paused the backlog; ${endWords(pause)}. ${waiting}.`,
      hint: 'To end the pause now: holdfast backlog resume.',
    });
  if (rate !== null)
    conditions.push({
      code: 'backlog-slowed',
      losing: 'no',
      forMs: rate.sinceMs,
      sentence: `An operator has limited the backlog to ${perSWords(rate.perS)}; ${endWords(rate)}. ${waiting}.`,
      hint: 'To end the limit now: holdfast backlog rate default.',
    });
  return conditions;
}

/** `it ends by itself in 1 h 20 min` */
function endWords({ leftMs }: LimitInForce): string {
  return `it ends by itself in ${durationWords(leftMs)}`;
}

/** `0.5 messages/s` */
export function perSWords(perS: number): string {
  const isFraction = perS > 0 && perS < 1000 && !Number.isInteger(perS);
  return `${isFraction ? perS.toFixed(1) : countWords(perS)} ${perS === 1 ? 'message' : 'messages'}/s`;
}
