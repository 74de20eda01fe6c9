/** Report for `holdfast config diff`: the configuration of the running gateway beside its file. */
import { Fault } from '../../base/fault.ts';
import { type ConfigChange, changesBetween, type LoadedConfig, restartedLinks } from '../../config/config-changes.ts';
import type { Problem } from '../../config/kinds/problem.ts';
import type { ParsedConfig } from '../../config/schema.ts';
import { configMarkOf } from '../../io/config-file.ts';

/** Confirmation of the running configuration. */
export interface ConfigState {
  /** `rolled back`: the gateway does not run with its file, because the file did not work or was not confirmed. */
  readonly state: 'confirmed' | 'unconfirmed' | 'rolled back';
  /** Time until the rollback; `null`: the configuration is not on trial. */
  readonly rollsBackInMs: number | null;
  /** Way of the confirmation; `null`: the configuration is not on trial. */
  readonly confirmation: 'operator' | 'automatic' | null;
  /** Reason of the last rollback, or problem of the file at the start; `null`: there was none, or the gateway runs with its file. */
  readonly reason: string | null;
  /** Parts that worked before the trial and do not work now, as a predicate; `null`: none, or not on trial. */
  readonly missing: string | null;
  /**
   * Text of the file while the gateway does not run with it: `rejected`: the text that was rolled back. `invalid`: the
   * text that was invalid at the start. `other`: another text, which was not applied. `null`: the gateway runs with its file.
   */
  readonly file: 'rejected' | 'invalid' | 'other' | null;
  /** Duration of this state. */
  readonly forMs: number;
}

/** Answer of `config apply`. */
export interface ApplyAnswer {
  readonly changes: readonly ConfigChange[];
  readonly outcome: 'confirmed' | 'unconfirmed' | 'restarting';
  /** Time for the confirmation; `null`: confirmed. */
  readonly confirmWithinMs: number | null;
}

/** Outcome of `config confirm` and `config rollback`. */
export interface TrialEnd {
  readonly outcome: 'confirmed' | 'rolled back';
  /** Digest of the configuration that the gateway runs with. */
  readonly mark: string;
  /** Parts that worked before the trial and did not work at its confirmation; `null`: none, or rolled back. */
  readonly missing: string | null;
  /** Changes by an edit of the file during the trial, which are not confirmed; `null`: unknown, or rolled back. */
  readonly changesLeft: number | null;
}

export interface ConfigReport extends ConfigState {
  /** Absolute path of the file. */
  readonly configPath: string;
  /** Digest of the text that the gateway runs with. */
  readonly runningMark: string;
  /** Digest of the present text of the file; `null`: the file cannot be read. */
  readonly fileMark: string | null;
  /** Problems of the file. With a problem, the changes are not known. */
  readonly problems: readonly Problem[];
  readonly changes: readonly ConfigChange[];
  /** Links that restart and whose devices get no acknowledgement: what they send meanwhile is lost. */
  readonly lossyLinks: readonly string[];
  /** Changes of the hub over the file; `null`: none. They are part of `fileMark` and of `changes`. */
  readonly hub: ConfigOfHub | null;
  /** Changes from the file alone to the file with the changes of the hub, at most 100. */
  readonly hubChanges: readonly ConfigChange[];
}

export interface ConfigOfHub {
  /** Version that the hub gave to its changes. */
  readonly version: string;
  /** Keys that they set or remove, at most 100. */
  readonly keys: readonly string[];
}

/** Configuration that the gateway runs with. */
export interface RunningText extends LoadedConfig {
  /** Digest of the text. */
  readonly mark: string;
}

/** State of a gateway that has never applied a configuration. */
export const CONFIRMED: ConfigState = {
  state: 'confirmed',
  rollsBackInMs: null,
  confirmation: null,
  reason: null,
  missing: null,
  file: null,
  forMs: 0,
};

/** Largest number of changes of the hub in a report. */
const HUB_CHANGES_MAX = 100;

/** Configuration file with the changes of the hub. */
export interface ConfigInput {
  /** Absolute path of the file. */
  readonly configPath: string;
  readonly source: {
    /** Returns the present text without the changes of the hub. Throws a Fault if the file cannot be read. */
    readonly readFile: () => string;
    readonly parse: (text: string) => ParsedConfig;
  };
  /** Returns the present text with the changes of the hub. Throws a Fault if the file cannot be read. */
  readonly read: () => string;
  readonly hub: ConfigOfHub | null;
}

export function configReportOf(
  { configPath, source, read, hub }: ConfigInput,
  running: RunningText,
  state: ConfigState,
): ConfigReport {
  const base = { configPath, runningMark: running.mark, lossyLinks: [], hub, hubChanges: [], ...state };
  let text: string;
  let own: string;
  try {
    text = read();
    own = hub === null ? text : source.readFile();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const problem = { path: 'file', what: `cannot be read: ${error.message}`, hint: error.hint };
    return { ...base, fileMark: null, problems: [problem], changes: [] };
  }
  const parsed = source.parse(text);
  const fileMark = configMarkOf(text);
  if (!parsed.ok) return { ...base, fileMark, problems: parsed.problems, changes: [] };
  const changes = changesBetween(running, parsed);
  const restarted = restartedLinks(changes);
  const lossyLinks = running.config.links
    .filter(({ name, acknowledges }) => restarted.has(name) && !acknowledges)
    .map(({ name }) => name);
  const file = source.parse(own);
  const hubChanges = file.ok ? changesBetween(file, parsed).slice(0, HUB_CHANGES_MAX) : [];
  return { ...base, fileMark, problems: [], changes, lossyLinks, hubChanges };
}
