/** Answers of the gateway to commands of the hub. Shapes only. */
import type { ProbeOutcome } from '../../base/probe.ts';
import type { RemoteError } from '../../base/remote-command.ts';
import type { Frozen } from '../recordings.ts';
import type { LedgerReport } from '../reports/ledger-report.ts';
import type { TELEMETRY_SCHEMA, TelemetryReport } from './telemetry-report.ts';

export type RemoteAnswer =
  | {
      /** Id of the request. */
      readonly id: string;
      readonly ok: true;
      readonly result: StatusResult | LedgerResult | LinkTestResult | RecordResult | RestartResult | ConfirmResult;
    }
  | {
      /** Id of the request; `null`: it has no valid one. */
      readonly id: string | null;
      readonly ok: false;
      readonly error: RemoteError;
    };

/** Result of `status`: the document of the health telemetry. */
export type StatusResult = TelemetryReport & { readonly schema: typeof TELEMETRY_SCHEMA };

/** Result of `ledger`. */
export interface LedgerResult extends Pick<LedgerReport, 'balances' | 'totals' | 'lanes'> {
  /** Losses of unknown size. */
  readonly unknown: number;
  /** Lanes that were left out, because the answer would exceed the payload limit. */
  readonly cut: number;
}

/** Result of `link-test`: the probes, in order. */
export interface LinkTestResult {
  readonly probes: readonly RemoteProbe[];
}

export interface RemoteProbe {
  /** Reason why no question was sent, as a phrase that begins with "it"; `null`: it was sent. */
  readonly notAsked: string | null;
  /** Requests on the wire, including repetitions. */
  readonly requests: number;
  readonly answers: number;
  readonly damaged: number;
  /** Time from the last request to its answer, ms; `null`: no answer came. */
  readonly tripMs: number | null;
}

/** Result of `record`. */
export interface RecordResult {
  readonly frozen: readonly Frozen[];
}

/** Result of `restart`: the process ends after this answer. */
export interface RestartResult {
  readonly restarting: true;
}

/** Result of `config-confirm`. */
export interface ConfirmResult {
  /** Digest of the confirmed configuration. */
  readonly mark: string;
}

export function probeOf(outcome: ProbeOutcome): RemoteProbe {
  if (outcome.kind === 'not asked') return { notAsked: outcome.why, requests: 0, answers: 0, damaged: 0, tripMs: null };
  const { requests, answers, damaged, tripMs } = outcome;
  return { notAsked: null, requests, answers, damaged, tripMs: tripMs ?? null };
}
