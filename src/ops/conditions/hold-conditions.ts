/** Condition for messages that operators keep on hold. Pure. */
import { type HoldReport, holdOptions, holdWords } from '../queues/hold-report.ts';
import type { Condition } from '../reports/report.ts';
import { ageWords, countOf } from '../words.ts';

export interface HoldHealth {
  /** Operator holds, and messages on hold, by queue. */
  readonly onHold: readonly { readonly holds: readonly HoldReport[]; readonly messages: number }[];
}

const HOLDS_SHOWN_MAX = 3;

export function holdConditions({ onHold }: HoldHealth): Condition[] {
  return onHold.flatMap(({ holds, messages }): Condition[] => {
    const oldest = holds.toSorted((one, other) => other.age.ms - one.age.ms)[0];
    if (oldest === undefined) return [];
    const shown = holds.slice(0, HOLDS_SHOWN_MAX).map(holdWords);
    const more = holds.length > HOLDS_SHOWN_MAX ? ` and ${holds.length - HOLDS_SHOWN_MAX} more` : '';
    const least = holds.every(({ topic }) => topic === null) ? '' : 'at least '; // the rest of the queue is not read yet
    const options = holds.length === 1 ? holdOptions(oldest) : '--all';
    return [
      {
        code: 'on-hold',
        losing: 'no',
        forMs: oldest.age.ms,
        sentence: `An operator keeps messages of the ${oldest.queue} on hold (${shown.join('; ')}${more}), the oldest hold for ${ageWords(oldest.age)}: ${least}${countOf(messages, 'message')} waiting.`,
        hint: `When they may continue: holdfast ${oldest.queue} release ${options}`,
      },
    ];
  });
}
