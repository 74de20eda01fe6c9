/** Entries of the catalogue for a configuration on trial, or rolled back. */
import type { ConditionEntry } from './condition-entry.ts';

export const TRIAL_CONDITIONS = {
  'config-unconfirmed': {
    meaning: 'A configuration was applied and is on trial. Without a confirmation the one before returns by itself.',
    effect: 'None. Links and the hub connection may restart again.',
    remedy: 'Confirm it: sudo holdfast config confirm. Or return at once: sudo holdfast config rollback.',
    keys: [],
  },
  'config-rejected': {
    meaning: 'The configuration in the file was rolled back, and the gateway runs with the one confirmed before.',
    effect: 'None. A restart does not use the file either, until its text changes.',
    remedy: 'See holdfast config diff. Correct the file, and run: sudo holdfast config apply.',
    keys: [],
  },
} as const satisfies Readonly<Record<string, ConditionEntry>>;
