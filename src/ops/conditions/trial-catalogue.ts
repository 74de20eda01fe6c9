/** Entries of the catalogue for a configuration on trial, or rolled back. */
import type { ConditionEntry } from './condition-entry.ts';

export const TRIAL_CONDITIONS = {
  'config-unconfirmed': {
    meaning: 'A configuration was applied and is on trial. Without a confirmation the one before returns by itself.',
    effect:
      'A link that restarts loses what devices without acknowledgements send meanwhile: lines devices, and MQTT-SN with QoS 0. A rollback restarts the link again. Messages in custody are kept.',
    remedy: 'Return at once: sudo holdfast config rollback. Or keep it: sudo holdfast config confirm.',
    keys: [],
  },
  'config-rejected': {
    meaning:
      'The configuration in the file was rolled back, or the file was invalid at the start. The gateway runs with the configuration confirmed last.',
    effect: 'None. A restart does not use a text that was rolled back, or that is invalid, either.',
    remedy: 'See holdfast config diff. Correct the file, and run: sudo holdfast config apply.',
    keys: [],
  },
} as const satisfies Readonly<Record<string, ConditionEntry>>;
