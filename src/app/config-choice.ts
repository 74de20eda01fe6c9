/**
 * Choice of the configuration at a start. The file is used, unless its text was rolled back, was on trial when the
 * process ended, or is invalid: then the configuration that was confirmed last is used. A text that was edited before a
 * crash, and never applied, is used on trial. Pure.
 */
import { type HubConfigOutcome, type HubConfigState, type HubPatch, NO_HUB_CONFIG } from '../base/hub-configuration.ts';
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

/** Changes of the hub at a start. */
export interface HubAtStart {
  /** Changes to lay over the file; `null`: none. */
  readonly patch: HubPatch | null;
  /** State to keep. */
  readonly state: HubConfigState;
}

/**
 * @param isOnTrial returns whether the file with these changes is the text that this start puts on trial
 */
export function hubAtStart(
  saved: SavedConfig | undefined,
  isOnTrial: (patch: HubPatch, mark: string) => boolean,
): HubAtStart {
  const state = saved?.hub ?? NO_HUB_CONFIG;
  const trial = saved?.trial;
  if (trial?.hub === undefined) return { patch: state.patch, state };
  if (trial.phase === 'restart' && isOnTrial(trial.hub, trial.mark)) return { patch: trial.hub, state };
  const reason = trial.phase === 'restart' ? 'the file was changed before the restart' : ENDED;
  return { patch: state.patch, state: rolledBack(state, trial.hub, reason) };
}

/** State after changes of the hub that were on trial and did not work. */
export function rolledBack(state: HubConfigState, patch: HubPatch, reason: string): HubConfigState {
  const last: HubConfigOutcome = { version: patch.version, mark: patch.mark, result: 'rolled-back', reason };
  return { patch: state.patch, last };
}
