/**
 * Configuration that was confirmed last, and what became of a newer one, in a folder of the state directory. One file has
 * all of it and is replaced as a whole, so a power cut leaves either the old or the new state. Each start and each
 * confirmation writes it. A missing, torn or damaged file counts as absent, and the problem is reported.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HubConfigState, HubPatch } from '../base/hub-configuration.ts';
import { configMarkOf } from './config-file.ts';
import { writeDurably } from './durable/small-file.ts';
import { syncFolder } from './durable/synced-folder.ts';

/** Folder in the state directory. */
export const CONFIG_FOLDER = 'configuration';
const STATE_FILE = 'state.json';
/** Text of the last configuration that was rolled back, for the technician. */
export const REJECTED_FILE = 'rejected.toml';
const FORMAT = 1;

/** Configuration that is in use on trial. */
export interface SavedTrial {
  /** Digest of its text. */
  readonly mark: string;
  /** `restart`: the next start begins the trial. `running`: the trial has begun; another start ends it. */
  readonly phase: 'restart' | 'running';
  /** Time for the confirmation, ms. */
  readonly forMs: number;
  /** `operator`: by command. `automatic`: when the parts that worked before work again. */
  readonly confirmation: 'operator' | 'automatic';
  /** Parts that worked before the change and that the change restarts. */
  readonly worked: { readonly hub: boolean; readonly links: readonly string[] };
  /** Changes of the hub that are on trial; absent: the trial is that of the file. */
  readonly hub?: HubPatch | undefined;
}

export interface SavedConfig {
  /** Text of the configuration that was confirmed last. */
  readonly confirmed: string;
  readonly trial: SavedTrial | null;
  /** Configuration that was rolled back, and the reason as a predicate. */
  readonly rejected: { readonly mark: string; readonly reason: string } | null;
  /** Absolute path of the file that the confirmed text was read from; absent in records of older versions. */
  readonly file?: string;
  /** Configuration of the hub over the file; absent in records of older versions. */
  readonly hub?: HubConfigState;
  /** True while a process runs, and after one that did not stop regularly; absent in records of older versions. */
  readonly isRunning?: boolean;
}

export interface FoundConfig {
  readonly saved: SavedConfig | undefined;
  /** Reason for which an existing file was ignored. */
  readonly problem: string | undefined;
}

/** @param stateDir state directory. Never throws. */
export function readSavedConfig(stateDir: string): FoundConfig {
  let text: string;
  try {
    text = readFileSync(join(stateDir, CONFIG_FOLDER, STATE_FILE), 'utf8');
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return { saved: undefined, problem: isMissing ? undefined : 'it cannot be read' };
  }
  try {
    const { format, digest, ...saved } = JSON.parse(text) as Partial<SavedConfig> & {
      readonly format?: unknown;
      readonly digest?: unknown;
    };
    if (format !== FORMAT) return { saved: undefined, problem: 'it has another format' };
    if (digest !== configMarkOf(JSON.stringify(saved))) return { saved: undefined, problem: 'it is damaged' };
    return { saved: saved as SavedConfig, problem: undefined };
  } catch {
    return { saved: undefined, problem: 'it is no JSON' };
  }
}

/**
 * Writes the state, unless the file has it already, as after a start that follows a kill. The state is durable on return.
 * @throws the error of the file system
 */
export function saveConfig(stateDir: string, saved: SavedConfig): void {
  const folder = join(stateDir, CONFIG_FOLDER);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  syncFolder(stateDir);
  const digest = configMarkOf(JSON.stringify(saved));
  const text = JSON.stringify({ format: FORMAT, digest, ...saved });
  if (hasText(join(folder, STATE_FILE), text))
    syncFolder(folder); // the writer may have been killed before it synced the folder
  else writeDurably(folder, STATE_FILE, text);
}

function hasText(path: string, text: string): boolean {
  try {
    return readFileSync(path, 'utf8') === text;
  } catch {
    return false;
  }
}

/** Keeps the text of a configuration that was rolled back. @returns its path; @throws the error of the file system */
export function keepRejected(stateDir: string, text: string): string {
  const folder = join(stateDir, CONFIG_FOLDER);
  writeDurably(folder, REJECTED_FILE, text);
  return join(folder, REJECTED_FILE);
}
