/**
 * Configuration of a start: the text of the file, or the one that was confirmed last (`config-choice.ts`), parsed, with
 * the files that it names. An invalid file stops a start only if the state directory has no confirmed text.
 */
import { resolve } from 'node:path';
import { Fault } from '../base/fault.ts';
import { changesBetween, type LoadedConfig } from '../config/config-changes.ts';
import { CONFIG_BYTES_MAX, DEFAULT_STATE_DIR, placesIn } from '../config/default-places.ts';
import { parseConfig } from '../config/parse.ts';
import type { Config } from '../config/schema.ts';
import { configMarkOf, readConfigFile } from '../io/config-file.ts';
import { keepRejected, readSavedConfig, type SavedTrial, saveConfig } from '../io/saved-config.ts';
import { readSecretFile } from '../io/secret-file.ts';
import type { RunningText } from '../ops/reports/config-report.ts';
import { countOf } from '../ops/words.ts';
import {
  type ConfigChangerOptions,
  type PreparedConfig,
  RETURN_MS_MAX,
  type RejectedConfig,
} from './config-changer.ts';
import { chooseConfig, withoutTrialOf } from './config-choice.ts';
import { accessHub, type HubAccessOptions } from './hub-access.ts';
import { changedParts } from './reconfigure.ts';

export interface StartingConfig extends RunningText {
  readonly text: string;
  /** Trial that this start begins. */
  readonly trial: ConfigChangerOptions['trial'];
  /** Reason for which the file is not used. */
  readonly rejected: ConfigChangerOptions['rejected'];
  /** Notes that the trial begins. If this start fails, the next one begins with the confirmed configuration. */
  readonly begin: () => void;
  /** Writes what this start has decided. Called when no other process can use the state directory. */
  readonly settle: () => void;
  /** Confirmed text to return to if this start fails; `undefined`: there is no other one. */
  readonly fallback: string | undefined;
  /** Warnings for the journal. */
  readonly warnings: readonly string[];
}

/**
 * @param canRestart true if a service manager starts the process again, as the end of a trial may need it
 * @throws Fault `config-unreadable`, `config-invalid` if no confirmed text is known
 */
export function readStartingConfig(path: string, canRestart: boolean): StartingConfig {
  const file = readParsed(path);
  if ('fault' in file) return confirmedInstead(file, resolve(path));
  const { text, loaded } = file;
  const mark = configMarkOf(text);
  const { stateDir } = loaded.config.gateway;
  const { saved, problem } = readSavedConfig(stateDir);
  const warnings =
    problem === undefined
      ? []
      : [`the confirmed configuration in ${stateDir} is ignored (${problem}): the file is used`];
  const fallback = saved === undefined || configMarkOf(saved.confirmed) === mark ? undefined : saved.confirmed;
  const doNothing = (): void => undefined;
  const rest = { trial: undefined, rejected: undefined, fallback, begin: doNothing, settle: doNothing, warnings };
  const base: StartingConfig = { ...loaded, text, mark, ...rest };
  const choice = chooseConfig(mark, saved, configMarkOf);
  if (saved === undefined || choice.kind === 'file') return base;
  const onTrial = (trial: SavedTrial): StartingConfig => {
    const begin = (): void =>
      saveConfig(stateDir, { ...saved, isRunning: true, trial: { ...trial, phase: 'running' } });
    return { ...base, trial: { confirmed: saved.confirmed, trial }, begin };
  };
  switch (choice.kind) {
    case 'trial':
      if (saved.trial === null) throw new Error('a trial without a saved configuration');
      return onTrial(saved.trial);
    case 'edited': {
      const worked = canRestart ? expectedParts(choice.confirmed, loaded) : undefined;
      if (worked === undefined) return base;
      const start = onTrial({ mark, phase: 'running', forMs: RETURN_MS_MAX, confirmation: 'automatic', worked });
      const warning =
        'the file was edited and not applied before the gateway ended unexpectedly: the edited configuration is on trial';
      return { ...start, warnings: [...warnings, warning] };
    }
    case 'confirmed': {
      const rejected = { mark, reason: choice.reason, isNew: choice.saved !== undefined };
      const confirmed = confirmedConfig(choice.text, rejected, warnings);
      if (confirmed === undefined)
        return {
          ...base,
          warnings: [...warnings, 'the confirmed configuration is not valid for this version: the file is used'],
        };
      const settle = (): void => {
        if (choice.saved === undefined) return;
        saveConfig(stateDir, choice.saved);
        keepRejected(stateDir, text);
      };
      return { ...confirmed, settle };
    }
  }
}

/**
 * Parts that the edit of a file changes, which must work in its trial.
 * @returns `undefined`: no value was changed, or the confirmed text is not valid for this version
 */
function expectedParts(confirmed: string, file: LoadedConfig): SavedTrial['worked'] | undefined {
  const before = parseConfig(confirmed);
  if (!before.ok) return undefined;
  const changes = changesBetween(before, file);
  if (changes.length === 0) return undefined;
  const { hub, links } = changedParts(changes);
  const isWhole = changes.some(({ restarts }) => restarts === 'gateway');
  const names = before.config.links.map(({ name }) => name).filter((name) => isWhole || links.has(name));
  return { hub: hub || isWhole, links: names };
}

/** File without a valid configuration. */
interface InvalidFile {
  readonly fault: Fault;
  /** `undefined`: the file cannot be read. */
  readonly text: string | undefined;
  /** Reason as a sentence without its full stop. */
  readonly reason: string;
}

/** Starts with the text that was confirmed last for this file. @throws Fault of the file if there is none */
function confirmedInstead({ fault, text, reason }: InvalidFile, path: string): StartingConfig {
  const stateDir = placesIn(text ?? '').stateDir ?? process.env.STATE_DIRECTORY?.split(':')[0] ?? DEFAULT_STATE_DIR;
  const { saved } = readSavedConfig(stateDir);
  if (saved === undefined || (saved.file !== undefined && saved.file !== path)) throw fault;
  const rejected = { mark: text === undefined ? '' : configMarkOf(text), reason, isInvalid: true };
  const confirmed = confirmedConfig(saved.confirmed, rejected, []);
  if (confirmed === undefined || resolve(confirmed.config.gateway.stateDir) !== resolve(stateDir)) throw fault;
  const settle = (): void => {
    if (saved.trial !== null) saveConfig(stateDir, withoutTrialOf(saved));
  };
  return { ...confirmed, settle };
}

/** Returns to the confirmed configuration in a start that fails with the file. @param why reason of the failure */
export function fallBack(start: StartingConfig, why: string): StartingConfig | undefined {
  const { fallback: text } = start;
  if (text === undefined) return undefined;
  const rejected = { mark: start.mark, reason: `the gateway could not start with it: ${why}` };
  const confirmed = confirmedConfig(text, { ...rejected, isNew: true }, start.warnings);
  if (confirmed === undefined) return undefined;
  const { stateDir } = confirmed.config.gateway;
  const settle = (): void => {
    saveConfig(stateDir, { ...readSavedConfig(stateDir).saved, confirmed: text, trial: null, rejected });
    keepRejected(stateDir, start.text);
  };
  return { ...confirmed, settle };
}

function confirmedConfig(
  text: string,
  rejected: RejectedConfig,
  warnings: readonly string[],
): Omit<StartingConfig, 'settle'> | undefined {
  const parsed = parseConfig(text);
  if (!parsed.ok) return undefined;
  const { config, sections } = parsed;
  const rest = { trial: undefined, rejected, warnings, fallback: undefined, begin: () => undefined };
  return { config, sections, text, mark: configMarkOf(text), ...rest };
}

function readParsed(path: string): { readonly text: string; readonly loaded: LoadedConfig } | InvalidFile {
  let text: string;
  try {
    text = readConfigFile(path, CONFIG_BYTES_MAX);
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    return { fault, text: undefined, reason: fault.message };
  }
  const parsed = parseConfig(text);
  if (parsed.ok) return { text, loaded: { config: parsed.config, sections: parsed.sections } };
  const { problems } = parsed;
  const lines = problems.map(({ path: place, what, hint }) => `  ${place} ${what}. ${hint}`);
  const fault = new Fault('config-invalid', `The configuration ${path} has problems:\n${lines.join('\n')}`, {
    hint: `Fix them, then run: holdfast config check ${path}`,
  });
  const [first] = problems;
  const words = first === undefined ? '' : `: ${first.path} ${first.what}`;
  return { fault, text, reason: `${resolve(path)} has ${countOf(problems.length, 'problem')}${words}` };
}

/** Reads the secrets and the TLS files of a configuration. Rejects with a Fault. */
export async function prepareConfig(
  text: string,
  { config, sections }: LoadedConfig,
  surroundings: Omit<HubAccessOptions, 'hub'>,
): Promise<PreparedConfig> {
  const access = await accessHub({ ...surroundings, hub: config.hub });
  return { config, sections, text, mark: configMarkOf(text), access, subdeviceSecrets: secretsOf(config) };
}

function secretsOf({ subdevices }: Config): ReadonlyMap<string, string> {
  return new Map(
    subdevices.flatMap(({ id, deviceSecretFile }) =>
      deviceSecretFile === undefined ? [] : [[id, readSecretFile(deviceSecretFile)] as const],
    ),
  );
}
