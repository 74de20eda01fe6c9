/** Configuration that the hub sends to a gateway: the document, and its outcome. Shapes only. */

import type { JsonObject } from './json-value.ts';

/** Changes of the configuration file that the hub has sent (JSON Merge Patch, RFC 7396). */
export interface HubPatch {
  /** Name that the hub gives to these changes: 1 to 64 letters, digits, `.`, `_`, `:` or `-`. */
  readonly version: string;
  /** Digest of the document. */
  readonly mark: string;
  /** Sections of the file. Entries of `[[link]]` and `[[subdevice]]` are members with the name or id of the entry. */
  readonly config: JsonObject;
}

/** Document of the hub. */
export interface HubDocument extends HubPatch {
  /** Time for a confirmation by command, ms; `undefined`: the changes are confirmed automatically. */
  readonly confirmMs: number | undefined;
  /** True if the gateway may restart for the changes. */
  readonly restart: boolean;
}

export type HubConfigResult =
  /** No document is known. */
  | 'none'
  /** A configuration is on trial; this one follows when the trial has ended. */
  | 'waiting'
  /** The gateway restarts, and the next start puts the configuration on trial. */
  | 'restarting'
  | 'on-trial'
  | 'confirmed'
  /** Nothing was changed. */
  | 'rejected'
  /** The configuration before has returned. */
  | 'rolled-back';

/** Outcome of a document of the hub. */
export interface HubConfigOutcome {
  /** `null`: the document has no valid version. */
  readonly version: string | null;
  /** Digest of the document. */
  readonly mark: string;
  readonly result: HubConfigResult;
  /** Reason of `rejected` and `rolled-back`, and of a confirmation that could not be stored. */
  readonly reason: string | null;
}

/** Stored state of the configuration of the hub. */
export interface HubConfigState {
  /** Confirmed changes; `null`: none. */
  readonly patch: HubPatch | null;
  /** Outcome of the newest document; `null`: none has come. */
  readonly last: HubConfigOutcome | null;
}

export const NO_HUB_CONFIG: HubConfigState = { patch: null, last: null };
