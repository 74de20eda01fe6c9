/**
 * Choice of the configuration at a start. The file is used, unless its text was rolled back, or was on trial when the
 * process ended: then the configuration that was confirmed last is used. Pure.
 */
import type { SavedConfig } from '../io/saved-config.ts';

export type ConfigChoice =
  /** The file is used. `isNew`: the saved state is about another text and is not needed any more. */
  | { readonly kind: 'file'; readonly isNew: boolean }
  /** The file is used on trial, for the first time. */
  | { readonly kind: 'trial' }
  /** The confirmed text is used. `saved`: state to write; absent: it is written already. */
  | { readonly kind: 'confirmed'; readonly text: string; readonly reason: string; readonly saved?: SavedConfig };

const ENDED = 'the gateway ended before the configuration was confirmed';

/** @param fileMark digest of the present text of the file */
export function chooseConfig(fileMark: string, saved: SavedConfig | undefined): ConfigChoice {
  if (saved === undefined) return { kind: 'file', isNew: false };
  const { confirmed, trial, rejected } = saved;
  if (trial?.mark === fileMark) {
    if (trial.phase === 'restart') return { kind: 'trial' };
    const next: SavedConfig = { confirmed, trial: null, rejected: { mark: fileMark, reason: ENDED } };
    return { kind: 'confirmed', text: confirmed, reason: ENDED, saved: next };
  }
  if (rejected?.mark === fileMark) return { kind: 'confirmed', text: confirmed, reason: rejected.reason };
  return { kind: 'file', isNew: true };
}
