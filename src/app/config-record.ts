/** Record of the confirmed configuration and of the configuration of the hub, as a changer keeps it in the state directory. */
import { Fault } from '../base/fault.ts';
import type { HubConfigOutcome, HubConfigState, HubPatch } from '../base/hub-configuration.ts';
import { patchedKeys } from '../config/hub-patch.ts';
import type { Config } from '../config/schema.ts';
import { readSavedConfig, type SavedConfig, saveConfig } from '../io/saved-config.ts';
import type { ConfigOfHub } from '../ops/reports/config-report.ts';

export interface ConfigRecordOptions {
  /** Absolute path of the configuration file. */
  readonly path: string;
  readonly stateDir: () => string;
  /** Configuration of the hub at this start. */
  readonly hub: HubConfigState;
  readonly warn: (sentence: string) => void;
}

/** Largest number of keys of the hub in a report. */
const HUB_KEYS_MAX = 100;

export class ConfigRecord {
  readonly #options: ConfigRecordOptions;
  #hub: HubConfigState;

  constructor(options: ConfigRecordOptions) {
    this.#options = options;
    this.#hub = options.hub;
  }

  /** Confirmed changes of the hub; `null`: none. */
  get patch(): HubPatch | null {
    return this.#hub.patch;
  }

  /** Outcome of the newest document of the hub; `null`: none has come. */
  get lastOfHub(): HubConfigOutcome | null {
    return this.#hub.last;
  }

  /** Writes the record, with the configuration of the hub. @throws the error of the file system */
  store(saved: SavedConfig, isRunning = true): void {
    const { path: file, stateDir } = this.#options;
    saveConfig(stateDir(), { ...saved, file, isRunning, hub: this.#hub });
  }

  tryStore(saved: SavedConfig, isRunning = true): void {
    try {
      this.store(saved, isRunning);
    } catch (error) {
      this.#options.warn(`the confirmed configuration cannot be stored: ${reasonOf(error)}`);
    }
  }

  /** Notes a regular stop: the next start uses an edited file without a trial. */
  noteStop(): void {
    const { saved } = readSavedConfig(this.#options.stateDir());
    if (saved !== undefined) this.tryStore(saved, false);
  }

  /** Keeps the outcome of a document of the hub, so that the next start reports it too. @param running text in use */
  noteOutcome(outcome: HubConfigOutcome, running: string): void {
    this.#hub = { ...this.#hub, last: outcome };
    const { saved } = readSavedConfig(this.#options.stateDir());
    this.tryStore(saved ?? { confirmed: running, trial: null, rejected: null });
  }

  /** Takes the end of the trial of changes of the hub. The caller stores the record. */
  endOfTrial(
    { version, mark, config }: HubPatch,
    result: 'confirmed' | 'rolled-back',
    reason: string | null,
  ): HubConfigOutcome {
    const outcome = { version, mark, result, reason };
    this.#hub = { patch: result === 'confirmed' ? { version, mark, config } : this.#hub.patch, last: outcome };
    return outcome;
  }
}

/** Changes of the hub for reports. Sections that the file has closed to the hub are left out. */
export function configOfHub(patch: HubPatch | null, { remote }: Config): ConfigOfHub | null {
  const opened = remote?.configuration?.sections ?? [];
  const effective = Object.entries(patch?.config ?? {}).filter(([section]) => opened.some((one) => one === section));
  if (patch === null || effective.length === 0) return null;
  return { version: patch.version, keys: patchedKeys(Object.fromEntries(effective)).slice(0, HUB_KEYS_MAX) };
}

/** Reason of an error for a sentence. */
export function reasonOf(error: unknown): string {
  return error instanceof Fault
    ? `${error.message}: ${error.hint}`
    : error instanceof Error
      ? error.message
      : String(error);
}
