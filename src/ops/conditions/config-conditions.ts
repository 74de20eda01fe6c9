/** Conditions of a configuration that is on trial, or that was rolled back. Pure. */
import type { ConfigState } from '../reports/config-report.ts';
import type { Condition } from '../reports/report.ts';
import { durationWords } from '../words.ts';

export interface ConfigHealth {
  readonly configuration: ConfigState;
}

const APPLY = 'holdfast config diff shows the differences. Correct the file, and run: sudo holdfast config apply.';

export function configConditions({ configuration }: ConfigHealth): Condition[] {
  const { state, rollsBackInMs, confirmation, missing, forMs } = configuration;
  switch (state) {
    case 'confirmed':
      return [];
    case 'unconfirmed': {
      const left = durationWords(rollsBackInMs ?? 0);
      if (missing !== null)
        return [
          {
            code: 'config-unconfirmed',
            losing: 'at risk',
            forMs,
            sentence: `Since the change of the configuration, which is on trial, ${missing}. It is rolled back in at most ${left}.`,
            hint: 'Return at once: sudo holdfast config rollback. An edit of the file has no effect during the trial.',
          },
        ];
      const [sentence, hint] =
        confirmation === 'operator'
          ? [
              `The configuration is not confirmed: it is rolled back in ${left}.`,
              'Confirm it: sudo holdfast config confirm. Or return at once: sudo holdfast config rollback.',
            ]
          : [
              `The configuration is on trial: it is confirmed when the changed links and the hub work again, and otherwise rolled back in ${left}.`,
              'Wait. Or return at once: sudo holdfast config rollback.',
            ];
      return [{ code: 'config-unconfirmed', losing: 'no', forMs, sentence, hint }];
    }
    case 'rolled back':
      return [{ code: 'config-rejected', losing: 'no', forMs, sentence: rejectedSentence(configuration), hint: APPLY }];
  }
}

/** Sentence for a gateway that does not run with its file. */
export function rejectedSentence({ file, reason }: ConfigState): string {
  const start = 'The gateway does not run with its file';
  switch (file) {
    case 'invalid':
      return `${start}: ${reason}. The gateway started with the configuration confirmed last.`;
    case 'other':
      return `${start}: the file has another text now, which was not applied. Before: ${reason}.`;
    default:
      return `${start}: the configuration in the file was rolled back (${reason}).`;
  }
}
