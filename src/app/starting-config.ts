/**
 * Configuration of a start: the text of the file, or the one that was confirmed last (`config-choice.ts`), parsed, with
 * the files that it names.
 */
import { Fault } from '../base/fault.ts';
import type { LoadedConfig } from '../config/config-changes.ts';
import { CONFIG_BYTES_MAX } from '../config/default-places.ts';
import { parseConfig } from '../config/parse.ts';
import type { Config } from '../config/schema.ts';
import { configMarkOf, readConfigFile } from '../io/config-file.ts';
import { forgetSavedConfig, keepRejected, readSavedConfig, type SavedConfig, saveConfig } from '../io/saved-config.ts';
import { readSecretFile } from '../io/secret-file.ts';
import type { RunningText } from '../ops/reports/config-report.ts';
import type { ConfigChangerOptions, PreparedConfig, RejectedConfig } from './config-changer.ts';
import { chooseConfig } from './config-choice.ts';
import { accessHub, type HubAccessOptions } from './hub-access.ts';

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
  /** Warnings for the journal. */
  readonly warnings: readonly string[];
}

/** @throws Fault `config-unreadable`, `config-invalid` */
export function readStartingConfig(path: string): StartingConfig {
  const text = readConfigFile(path, CONFIG_BYTES_MAX);
  const file = parsedOr(text, path);
  const mark = configMarkOf(text);
  const { stateDir } = file.config.gateway;
  const { saved, problem } = readSavedConfig(stateDir);
  const warnings =
    problem === undefined
      ? []
      : [`the confirmed configuration in ${stateDir} is ignored (${problem}): the file is used`];
  const base = { ...file, text, mark, trial: undefined, rejected: undefined, warnings, begin: () => undefined };
  const choice = chooseConfig(mark, saved);
  switch (choice.kind) {
    case 'file':
      return { ...base, settle: () => (choice.isNew ? forgetSavedConfig(stateDir) : undefined) };
    case 'trial': {
      if (saved === undefined || saved.trial === null) throw new Error('a trial without a saved configuration');
      const { confirmed, trial } = saved;
      const begin = (): void => saveConfig(stateDir, { ...saved, trial: { ...trial, phase: 'running' } });
      return { ...base, trial: { confirmed, trial }, begin, settle: () => undefined };
    }
    case 'confirmed': {
      const confirmed = confirmedConfig(
        choice.text,
        { mark, reason: choice.reason, isNew: choice.saved !== undefined },
        warnings,
      );
      if (confirmed === undefined)
        return {
          ...base,
          settle: () => undefined,
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

/** Returns to the confirmed configuration in a start whose trial cannot begin. @param why reason of the failure */
export function withoutTrial(start: StartingConfig, why: string): StartingConfig | undefined {
  if (start.trial === undefined) return undefined;
  const { confirmed: text } = start.trial;
  const rejected = { mark: start.mark, reason: `the gateway could not start with it: ${why}` };
  const confirmed = confirmedConfig(text, { ...rejected, isNew: true }, start.warnings);
  if (confirmed === undefined) return undefined;
  const saved: SavedConfig = { confirmed: text, trial: null, rejected };
  return {
    ...confirmed,
    settle: () => {
      saveConfig(confirmed.config.gateway.stateDir, saved);
      keepRejected(confirmed.config.gateway.stateDir, start.text);
    },
  };
}

function confirmedConfig(
  text: string,
  rejected: RejectedConfig,
  warnings: readonly string[],
): Omit<StartingConfig, 'settle'> | undefined {
  const parsed = parseConfig(text);
  if (!parsed.ok) return undefined;
  const { config, sections } = parsed;
  const mark = configMarkOf(text);
  return { config, sections, text, mark, trial: undefined, rejected, warnings, begin: () => undefined };
}

function parsedOr(text: string, path: string): LoadedConfig {
  const parsed = parseConfig(text);
  if (parsed.ok) return { config: parsed.config, sections: parsed.sections };
  const lines = parsed.problems.map(({ path: place, what, hint }) => `  ${place} ${what}. ${hint}`);
  throw new Fault('config-invalid', `The configuration ${path} has problems:\n${lines.join('\n')}`, {
    hint: `Fix them, then run: holdfast config check ${path}`,
  });
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
