/**
 * Configuration of a start: the text of the file, or the one that was confirmed last (`config-choice.ts`), parsed, with
 * the files that it names. An invalid file stops a start only if the state directory has no confirmed text.
 */
import { resolve } from 'node:path';
import { Fault } from '../base/fault.ts';
import type { HubConfigState, HubPatch } from '../base/hub-configuration.ts';
import { changesBetween, type LoadedConfig } from '../config/config-changes.ts';
import { DEFAULT_STATE_DIR, placesIn } from '../config/default-places.ts';
import { parseConfig } from '../config/parse.ts';
import type { Config } from '../config/schema.ts';
import { configMarkOf } from '../io/config-file.ts';
import { keepRejected, readSavedConfig, type SavedConfig, type SavedTrial, saveConfig } from '../io/saved-config.ts';
import { readSecretFile } from '../io/secret-file.ts';
import type { RunningText } from '../ops/reports/config-report.ts';
import { countOf } from '../ops/words.ts';
import { RETURN_MS_MAX } from './apply-terms.ts';
import type { ConfigChangerOptions, PreparedConfig, RejectedConfig } from './config-changer.ts';
import { chooseConfig, type HubAtStart, hubAtStart, rolledBack, withoutTrialOf } from './config-choice.ts';
import { ConfigSource, patchedText } from './config-source.ts';
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
  /** Configuration of the hub. */
  readonly hub: HubConfigState;
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
  const { text, loaded, hub } = file;
  const mark = configMarkOf(text);
  const { stateDir } = loaded.config.gateway;
  const { saved, problem } = readSavedConfig(stateDir);
  const warnings =
    problem === undefined
      ? []
      : [`the confirmed configuration in ${stateDir} is ignored (${problem}): the file is used`];
  const fallback = saved === undefined || configMarkOf(saved.confirmed) === mark ? undefined : saved.confirmed;
  const doNothing = (): void => undefined;
  const none = { trial: undefined, rejected: undefined, begin: doNothing, settle: doNothing };
  const rest = { ...none, fallback, hub: hub.state, warnings };
  const base: StartingConfig = { ...loaded, text, mark, ...rest };
  const choice = chooseConfig(mark, saved, configMarkOf);
  if (saved === undefined || choice.kind === 'file') return base;
  const onTrial = (trial: SavedTrial): StartingConfig => {
    const begin = (): void =>
      saveConfig(stateDir, { ...saved, hub: hub.state, isRunning: true, trial: { ...trial, phase: 'running' } });
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
      const confirmed = confirmedConfig(choice.text, rejected, { hub: hub.state, warnings });
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
  const { state: hub } = hubAtStart(saved, () => false);
  const confirmed = confirmedConfig(saved.confirmed, rejected, { hub, warnings: [] });
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
  const ofHub = start.trial?.trial.hub;
  const hub = ofHub === undefined ? start.hub : rolledBack(start.hub, ofHub, rejected.reason);
  const confirmed = confirmedConfig(text, { ...rejected, isNew: true }, { hub, warnings: start.warnings });
  if (confirmed === undefined) return undefined;
  const { stateDir } = confirmed.config.gateway;
  const settle = (): void => {
    saveConfig(stateDir, { ...readSavedConfig(stateDir).saved, confirmed: text, trial: null, rejected, hub });
    keepRejected(stateDir, start.text);
  };
  return { ...confirmed, settle };
}

function confirmedConfig(
  text: string,
  rejected: RejectedConfig,
  { hub, warnings }: Pick<StartingConfig, 'hub' | 'warnings'>,
): Omit<StartingConfig, 'settle'> | undefined {
  const parsed = parseConfig(text);
  if (!parsed.ok) return undefined;
  const { config, sections } = parsed;
  const rest = { trial: undefined, rejected, hub, warnings, fallback: undefined, begin: () => undefined };
  return { config, sections, text, mark: configMarkOf(text), ...rest };
}

interface ValidFile {
  /** Text of the file with the changes of the hub. */
  readonly text: string;
  readonly loaded: LoadedConfig;
  readonly hub: HubAtStart;
}

function readParsed(path: string): ValidFile | InvalidFile {
  let own: string;
  try {
    own = new ConfigSource(path).readFile();
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    return { fault, text: undefined, reason: fault.message };
  }
  const withPatch = (patch: HubPatch | null): string => (patch === null ? own : patchedText(own, patch.config));
  const hub = hubAtStart(savedFor(own), (patch, mark) => configMarkOf(withPatch(patch)) === mark);
  const text = withPatch(hub.patch);
  const parsed = parseConfig(text);
  if (parsed.ok) return { text, loaded: { config: parsed.config, sections: parsed.sections }, hub };
  const { problems } = parsed;
  const version = hub.patch === null ? '' : `, with version ${hub.patch.version} of the configuration of the hub,`;
  const lines = problems.map(({ path: place, what, hint }) => `  ${place} ${what}. ${hint}`);
  const fault = new Fault('config-invalid', `The configuration ${path}${version} has problems:\n${lines.join('\n')}`, {
    hint: `Fix them, then run: holdfast config check ${path}`,
  });
  const [first] = problems;
  const words = first === undefined ? '' : `: ${first.path} ${first.what}`;
  return { fault, text, reason: `${resolve(path)}${version} has ${countOf(problems.length, 'problem')}${words}` };
}

/** Returns what the state directory has about a configuration file. @param text text of the file, valid or not */
function savedFor(text: string): SavedConfig | undefined {
  const { stateDir } = placesIn(text);
  return stateDir === undefined ? undefined : readSavedConfig(stateDir).saved;
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
