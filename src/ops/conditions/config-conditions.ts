/** Conditions of a configuration that is on trial, or that was rolled back. Pure. */
import type { ConfigState } from '../reports/config-report.ts';
import type { Condition } from '../reports/report.ts';
import { durationWords } from '../words.ts';

export interface ConfigHealth {
  readonly configuration: ConfigState;
}

export function configConditions({ configuration }: ConfigHealth): Condition[] {
  const { state, rollsBackInMs, confirmation, reason, forMs } = configuration;
  switch (state) {
    case 'confirmed':
      return [];
    case 'unconfirmed': {
      const left = durationWords(rollsBackInMs ?? 0);
      const sentence =
        confirmation === 'operator'
          ? `The configuration is not confirmed: it is rolled back in ${left}.`
          : `The configuration is on trial: it is confirmed when the changed links and the hub work again, and otherwise rolled back in ${left}.`;
      const hint = 'Confirm it: sudo holdfast config confirm. Or return at once: sudo holdfast config rollback.';
      return [{ code: 'config-unconfirmed', losing: 'no', forMs, sentence, hint }];
    }
    case 'rolled back':
      return [
        {
          code: 'config-rejected',
          losing: 'no',
          forMs,
          sentence: `The gateway does not run with its file: the file was rolled back (${reason}).`,
          hint: 'holdfast config diff shows the differences. Correct the file, and run: sudo holdfast config apply.',
        },
      ];
  }
}
