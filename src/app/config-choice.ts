/**
 * Choice of the configuration at a start. The file is used, unless its text was rolled back, was on trial when the
 * process ended, or is invalid: then the configuration that was confirmed last is used. A text that was edited before a
 * crash, and never applied, is used on trial. Pure.
 */
import type { SavedConfig } from '../io/saved-config.ts';

export type ConfigChoice =
  /** The file is used. */
  | { readonly kind: 'file' }
  /** The file is used on trial, for the first time. */
  | { readonly kind: 'trial' }
  /** The process before did not stop regularly, and the file has a text that was never applied: it is used on trial. */
  | { readonly kind: 'edited'; readonly confirmed: string }
  /** The confirmed text is used. `saved`: state to write; absent: it is written already. */
  | { readonly kind: 'confirmed'; readonly text: string; readonly reason: string; readonly saved?: SavedConfig };

const ENDED = 'the gateway ended before the configuration was confirmed';

/**
 * @param fileMark digest of the present text of the file
 * @param markOf digest of a text
 */
export function chooseConfig(
  fileMark: string,
  saved: SavedConfig | undefined,
  markOf: (text: string) => string,
): ConfigChoice {
  if (saved === undefined) return { kind: 'file' };
  const { confirmed, trial, rejected } = saved;
  if (trial?.mark === fileMark) {
    if (trial.phase === 'restart') return { kind: 'trial' };
    return { kind: 'confirmed', text: confirmed, reason: ENDED, saved: withoutTrialOf(saved) };
  }
  if (rejected?.mark === fileMark) return { kind: 'confirmed', text: confirmed, reason: rejected.reason };
  if (saved.isRunning !== true || markOf(confirmed) === fileMark) return { kind: 'file' };
  return { kind: 'edited', confirmed };
}

/** Record after a trial that the end of the process has ended. */
export function withoutTrialOf(saved: SavedConfig): SavedConfig {
  if (saved.trial === null) return saved;
  return { ...saved, trial: null, rejected: { mark: saved.trial.mark, reason: ENDED } };
}
