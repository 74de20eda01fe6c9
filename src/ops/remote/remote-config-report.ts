/** Report of the gateway about a configuration that the hub has sent. Pure. */
import type { HubConfigOutcome, HubConfigResult } from '../../base/hub-configuration.ts';
import type { ConfigChange } from '../../config/config-changes.ts';
import type { Problem } from '../../config/kinds/problem.ts';
import { fittedJson } from './fitted-json.ts';

export interface RemoteConfigReport {
  /** Name of the gateway. */
  readonly gateway: string;
  /** Version of the document; `null`: it has none, or no document is known. */
  readonly version: string | null;
  readonly result: HubConfigResult;
  /** Reason of `rejected` and `rolled-back`, and of a confirmation that could not be stored; at most 400 characters. */
  readonly reason: string | null;
  /** Version of the changes that the gateway runs with; `null`: it runs with its file alone. */
  readonly inEffect: string | null;
  /** Sections of that version that the file does not open any more. Their changes are not in effect. */
  readonly closed: readonly string[];
  /** Problems of the configuration. */
  readonly problems: readonly Problem[];
  /** Keys that differ from the configuration before, without their values. */
  readonly changes: readonly RemoteConfigChange[];
  /** Problems and changes that were left out, because the report would exceed the payload limit. */
  readonly cut: number;
}

export type RemoteConfigChange = Pick<ConfigChange, 'key' | 'change' | 'restarts'>;

export interface RemoteConfigReportInput {
  readonly gateway: string;
  readonly outcome: HubConfigOutcome;
  readonly inEffect: string | null;
  readonly closed: readonly string[];
  readonly problems: readonly Problem[];
  readonly changes: readonly ConfigChange[];
  /** Payload limit of the hub. */
  readonly bytesMax: number;
}

export const REMOTE_CONFIG_SCHEMA = 'holdfast/remote-config/1';
const REASON_CHARACTERS_MAX = 400;

/** @returns document of at most `bytesMax` bytes, and at most 16 KiB */
export function remoteConfigJson(input: RemoteConfigReportInput): Uint8Array {
  const { gateway, outcome, inEffect, closed, problems, changes, bytesMax } = input;
  const { version, result } = outcome;
  const reason = outcome.reason?.slice(0, REASON_CHARACTERS_MAX) ?? null;
  const fixed = { schema: REMOTE_CONFIG_SCHEMA, gateway, version, result, reason, inEffect, closed };
  const lists = { problems, changes: changes.map(({ key, change, restarts }) => ({ key, change, restarts })) };
  return fittedJson(fixed, lists, Math.min(bytesMax, REPORT_BYTES_MAX));
}

const REPORT_BYTES_MAX = 16_384;
